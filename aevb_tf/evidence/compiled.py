"""Compiled functions of a model, cached as long as the model exists."""

import contextlib
import functools
import weakref
from collections.abc import Callable, Hashable

import numpy as np
import tensorflow as tf

from aevb_tf import conditions
from aevb_tf.mcmc.resampling import rows_within
from aevb_tf.protocols import Model

_functions: weakref.WeakKeyDictionary[Model, dict[tuple, Callable]] = (
  weakref.WeakKeyDictionary()
)


def compiled(
  model: Model, function: Callable, jit: bool = True, **options: Hashable
) -> Callable:
  """`function(model, *tensors, **options)`, compiled once for these options.

  Args:
    model: The model; the cache keeps only its variables alive.
    function: A function defined at module level.
    jit: Whether to compile it with XLA.
    **options: Options that are constants in the compiled code.

  Returns:
    A function of the tensors.
  """
  known = _functions.setdefault(model, {})
  key = (function, jit, *sorted(options.items()))
  if key not in known:
    of_model = functools.partial(_call, weakref.ref(model), function, options)
    known[key] = tf.function(of_model, jit_compile=jit, autograph=False)
  return functools.partial(_with_condition, known[key], model)


def _with_condition(function, model, *tensors):
  return function(conditions.current(model), *tensors)


def _call(reference, function, options, condition, *tensors):
  model = reference()
  with conditions.given(model, condition):
    return function(model, *tensors, **options)


def pad(batch: np.ndarray, size: int) -> tf.Tensor:
  """Repeats the last example, so that batches of all lengths use one compiled function.

  Args:
    batch: float32 `[n, ...]`, n from 1 to `size`.
    size: The number of examples to return.

  Returns:
    float32 `[size, ...]`.
  """
  filler = np.repeat(batch[-1:], size - len(batch), axis=0)
  return tf.constant(np.concatenate([batch, filler]))


def given_padded(
  model: Model, features: np.ndarray | None, size: int
) -> contextlib.AbstractContextManager[None]:
  """The context of a batch that is padded to `size`, if the examples have conditions."""
  padded = None if features is None else pad(features, size)
  return conditions.given(model, padded)


def rows_at_once(model: Model) -> int:
  """How many z to decode at once: enough to use the whole device within its memory."""
  gpu = tf.config.list_physical_devices("GPU")
  return rows_within(model, 2**28 if gpu else 2**20)
