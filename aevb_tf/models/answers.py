"""Compiled functions for eager callers of a model, traced once for any batch size.

In eager execution each TensorFlow operation and each TFP distribution has an overhead;
a traced function has it once. These functions are not used inside a graph, with
`training=True`, or if the model was compiled with `run_eagerly=True`.
"""

import functools
import operator
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.common.stateless_scope import in_stateless_scope

from aevb_tf import conditions


class Answers:
  """Compiled functions of one model.

  Args:
    model: The model.
  """

  def __init__(self, model: keras.Model):
    self._model = model
    self._functions: dict[tuple, Callable] = {}
    self._parts: list[object] = []

  def apply(self) -> bool:
    """Whether the caller is outside a graph and does not want eager execution."""
    if not tf.executing_eagerly() or in_stateless_scope():
      return False
    return not getattr(self._model, "run_eagerly", False)

  def __call__(self, function: Callable, *tensors: tf.Tensor, **options: Any) -> Any:
    """`function(*tensors, **options)`, traced once for tensors of any batch.

    Args:
      function: A method of the model.
      *tensors: Its arguments; those with two axes or more have the batch as the first.
      **options: Other arguments; each combination is traced separately.
    """
    functions = self._current()
    name, condition = function.__name__, conditions.current(self._model)
    if condition is not None:
      tensors = (condition, *tensors)
      function = functools.partial(self._given, function)
    key = (name, condition is None, *sorted(options.items()))
    if key not in functions:
      specs = [
        tf.TensorSpec([None, *t.shape[1:]] if t.shape.rank > 1 else t.shape, t.dtype)
        for t in tensors
      ]
      functions[key] = tf.function(
        functools.partial(function, **options),
        input_signature=specs,
        autograph=False,
      )
    return functions[key](*tensors)

  def _given(self, function, condition, *tensors, **options):
    with conditions.given(self._model, condition):
      return function(*tensors, **options)

  def _current(self):
    """The functions of the model's current parts and variables.

    They are traced again if a part was replaced, or if variables were, as `enable_lora`
    and `quantize` do.
    """
    names = ("encoder", "decoder", "prior", "posterior_family", "likelihood_family")
    parts = [getattr(self._model, name, None) for name in names]
    parts += self._model.weights
    before = self._parts
    if len(parts) != len(before) or any(map(operator.is_not, parts, before)):
      self._functions, self._parts = {}, parts
    return self._functions
