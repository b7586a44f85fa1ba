"""A model's functions as TensorFlow functions, which read a copy of its weights.

What is traced here reads its weights from plain `tf.Variable`s of this module, in the
order and under the names of the model's own. So however the model was trained (under a
distribution strategy, in half precision, in a process with other models), the same
weights give the same graph, it holds no class of Keras or of this package, and further
training does not change what was exported.

Weights are float32, as Keras keeps them, and an exported model computes in float32,
also if it was trained in half precision.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf

ConcreteFunction: TypeAlias = tf.types.experimental.ConcreteFunction


class Frozen(tf.Module):
  """A copy of a model's weights, and functions traced on them.

  Args:
    vae: A built `VAE`, or an `AnomalyDetector`.
    functions: Name to a function and the `tf.TensorSpec`s of its arguments. Each is
      traced once, in the constructor.

  Attributes:
    weights: The copies, which all functions share.
    functions: Name to concrete function.

  Raises:
    ValueError: A function reads a variable that is not a weight of the model.
  """

  def __init__(
    self,
    vae: keras.Model,
    functions: Mapping[str, tuple[Callable, tuple[tf.TensorSpec, ...]]],
  ):
    super().__init__(name="aevb")
    self.weights = [_copy(i, weight) for i, weight in enumerate(vae.weights)]
    with _in_float32(vae):
      self.functions = {
        name: self._trace(vae, function, specs)
        for name, (function, specs) in functions.items()
      }

  def _trace(self, vae, function, specs):
    # Schedules of the bound read the optimizer's step; reported bounds do not use it.
    optimizers = (getattr(layer, "optimizer", None) for layer in vae._flatten_layers())
    counters = [each.iterations for each in optimizers if each is not None]

    def traced(*arguments):
      weights = map(tf.convert_to_tensor, self.weights)
      state = [*zip(vae.weights, weights, strict=True)]
      state += [(counter, tf.zeros((), counter.dtype)) for counter in counters]
      with keras.StatelessScope(state):
        return function(*arguments)

    concrete = tf.function(
      traced, input_signature=specs, autograph=False
    ).get_concrete_function()
    own = {id(weight) for weight in self.weights}
    for variable in concrete.graph.variables:
      if id(variable) not in own:
        raise ValueError(
          f"The model reads the variable {variable.name}, which is not one of its "
          "weights. Create it with `self.add_weight` in a Keras layer of the model."
        )
    return concrete


def operators(function: ConcreteFunction) -> set[str]:
  """The types of all operators of a concrete function and of those that it calls."""
  graph = function.graph.as_graph_def()
  called = (inner.node_def for inner in graph.library.function)
  return {node.op for nodes in (graph.node, *called) for node in nodes}


def _copy(index: int, weight: keras.Variable) -> tf.Variable:
  value = weight.numpy()
  if weight.dtype in ("float16", "bfloat16"):
    value = value.astype(np.float32)
  # Numbered, since names need not be unique, and Keras' paths count models.
  return tf.Variable(value, trainable=False, name=f"{index:03d}_{weight.name}")


@contextlib.contextmanager
def _in_float32(vae: keras.Model) -> Iterator[None]:
  """Inside, every layer of a model computes in float32."""
  layers = list(vae._flatten_layers())
  before: list[keras.DTypePolicy] = [layer.dtype_policy for layer in layers]
  half = [policy.compute_dtype in ("float16", "bfloat16") for policy in before]
  try:
    for layer in itertools.compress(layers, half):
      layer.dtype_policy = "float32"
    yield
  finally:
    for layer, policy in itertools.compress(zip(layers, before, strict=True), half):
      layer.dtype_policy = policy
