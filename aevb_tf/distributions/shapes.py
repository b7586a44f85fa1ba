"""Shapes as lists whose entries are ints where known, scalar tensors where not."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.types import IntLike, Seed

Noise: TypeAlias = Literal["uniform", "normal"]
DRAW = {"uniform": random.uniform, "normal": random.normal}

# Each entry is an int, or an int32 scalar where it is not known yet.
Shape: TypeAlias = Sequence[IntLike]
ShapeLike: TypeAlias = IntLike | Shape


def of(x: tf.Tensor) -> list[IntLike]:
  """The shape of a tensor."""
  static = x.shape.as_list()
  return [tf.shape(x)[i] if n is None else n for i, n in enumerate(static)]


def as_list(sample_shape: ShapeLike) -> list[IntLike]:
  """A shape from an int, a sequence, or a scalar or vector tensor."""
  if isinstance(sample_shape, Sequence):
    return list(sample_shape)
  static = tf.get_static_value(sample_shape)
  if static is not None:
    return np.reshape(static, -1).tolist()
  return tf.unstack(tf.reshape(sample_shape, [-1]))


def is_static(shape: Shape) -> bool:
  """Whether every entry is known."""
  return not any(tf.is_tensor(n) for n in shape)


def broadcast(shapes: Sequence[Shape]) -> list[IntLike]:
  """The shape to which all of `shapes` broadcast."""
  static = tf.TensorShape([])
  for shape in shapes:
    known = tf.TensorShape([None if tf.is_tensor(n) else n for n in shape])
    static = tf.broadcast_static_shape(static, known)
  if static.is_fully_defined():
    return static.as_list()
  dynamic = tf.constant([], tf.int32)
  for shape in shapes:
    dynamic = tf.broadcast_dynamic_shape(dynamic, tf.cast(shape, tf.int32))
  return [dynamic[i] if n is None else n for i, n in enumerate(static.as_list())]


def draw(kind: Noise, seed: Seed, shape: Shape) -> tf.Tensor:
  """Noise of a whole shape; entry i of its first axis depends on (seed, i, shape[1:]).

  Args:
    kind: "uniform", in the open (0, 1), or "normal".
    seed: An int or a pair of int32.
    shape: Ints, or int32 scalar tensors.

  Returns:
    float32 tensor of that shape. A request with a longer first axis begins with
    the shorter one.
  """
  rows = shape[0] if shape else 1
  columns = 1
  for n in shape[1:]:
    columns = columns * n
  return tf.reshape(DRAW[kind](seed, tf.range(rows), columns), shape)
