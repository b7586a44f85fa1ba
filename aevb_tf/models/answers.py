"""What a model answers to a caller outside of a graph: compiled once, for any batch.

Eagerly every operation of TensorFlow and every distribution of TFP takes its own time to
call; of a function that is traced once there is one call. Inside of a graph, with
`training=True`, and for a model that is compiled with `run_eagerly=True`, nothing of this
is used.
"""

import functools
import operator
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.common.stateless_scope import in_stateless_scope


class Answers:
  """Compiled functions of one model.

  Args:
    model: The model.
  """

  def __init__(self, model: keras.Model):
    self._model = model
    self._functions, self._parts = {}, []

  def apply(self) -> bool:
    """Whether the caller is outside of a graph, and has not asked for eager execution."""
    if not tf.executing_eagerly() or in_stateless_scope():
      return False
    return not getattr(self._model, "run_eagerly", False)

  def __call__(self, function: Callable, *tensors: tf.Tensor, **options: Any) -> Any:
    """`function(*tensors, **options)`, traced once for tensors of any batch.

    Args:
      function: A method of the model.
      *tensors: Its arguments; the first axis of those with more than one is the batch.
      **options: Other arguments, which a trace is made for each.
    """
    functions = self._current()
    key = (function.__name__, *sorted(options.items()))
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

  def _current(self):
    """The functions of what the model is made of now.

    Parts that are exchanged make others, and so do variables: those of `enable_lora`
    and `quantize`, say.
    """
    names = ("encoder", "decoder", "prior", "posterior_family", "likelihood_family")
    parts = [getattr(self._model, name, None) for name in names]
    parts += self._model.weights
    before = self._parts
    if len(parts) != len(before) or any(map(operator.is_not, parts, before)):
      self._functions, self._parts = {}, parts
    return self._functions
