"""Compiled functions of a model, kept as long as the model lives."""

import functools
import weakref
from collections.abc import Callable, Hashable
from typing import Any

import tensorflow as tf

from aevb_tf.mcmc.resampling import rows_within

_functions = weakref.WeakKeyDictionary()


def compiled(
  model: Any, function: Callable, jit: bool = True, **options: Hashable
) -> Callable:
  """`function(model, *tensors, **options)`, compiled once for these options.

  Args:
    model: The model; only its variables are kept alive.
    function: A function at module level.
    jit: Whether to compile it with XLA.
    **options: What the compiled code is specialised to.

  Returns:
    A function of the tensors.
  """
  known = _functions.setdefault(model, {})
  key = (function, jit, *sorted(options.items()))
  if key not in known:
    of_model = functools.partial(_call, weakref.ref(model), function, options)
    known[key] = tf.function(of_model, jit_compile=jit, autograph=False)
  return known[key]


def _call(reference, function, options, *tensors):
  return function(reference(), *tensors, **options)


def rows_at_once(model: Any) -> int:
  """How many z to decode at once: enough to fill the device, within its memory."""
  gpu = tf.config.list_physical_devices("GPU")
  return rows_within(model, 2**28 if gpu else 2**20)
