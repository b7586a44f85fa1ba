"""Converts arguments to arrays and tensors, with errors that say what to pass instead.

Common mistakes have separate messages: lists of images, sparse matrices, dicts of
features, tables with text.
"""

import os
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aevb_tf.data.checks import with_nan
from aevb_tf.types import TensorLike


def as_tensor(x: TensorLike, name: str = "x") -> tf.Tensor:
  """Converts numbers to a float32 tensor, eagerly or in a graph.

  Raises:
    TypeError: They are not numbers.
  """
  return tf.cast(numeric(x, name), tf.float32)


def numeric(x: TensorLike, name: str = "x") -> np.ndarray | tf.Tensor:
  """Converts numbers to an array or a tensor, in which integers keep their dtype.

  Raises:
    TypeError: They are not numbers.
  """
  if isinstance(x, (list, tuple)) and not any(map(tf.is_symbolic_tensor, x)):
    x = _stacked(x, name)
  if isinstance(x, (tf.data.Dataset, keras.utils.PyDataset)):
    raise TypeError(
      f"{name} is a data set: give one batch of it, as an array. `fit`, `evaluate` and "
      "`predict` take data sets."
    )
  _check_kind(x, name)
  is_tensor = tf.is_tensor(x) or isinstance(x, (keras.Variable, keras.KerasTensor))
  numbers: Any = x if is_tensor else as_numbers(x, name)
  dtype = tf.as_dtype(numbers.dtype)
  if not (dtype.is_floating or dtype.is_integer or dtype.is_bool):
    raise TypeError(_not_numbers(dtype.name, name))
  return numbers


def is_array(x: object) -> bool:
  """Whether `x` is an array or a tensor, rather than a data set."""
  if isinstance(x, keras.utils.PyDataset):
    return False
  _check_kind(x, "x")
  return hasattr(x, "__array__") or tf.is_tensor(x)


def as_numbers(x: object, name: str) -> np.ndarray:
  """Converts numbers to a NumPy array of bool, integers, or float32."""
  x = with_nan(x)
  if x.dtype.kind == "O":  # a table of Python numbers, as pandas makes it
    try:
      x = x.astype(np.float64)
    except (TypeError, ValueError):
      pass
  if x.dtype.kind not in "biuf" and x.dtype.name != "bfloat16":
    raise TypeError(_not_numbers(x.dtype, name))
  return x if x.dtype.kind in "biu" else x.astype(np.float32, copy=False)


def _not_numbers(dtype, name):
  return (
    f"{name} has dtype {dtype}: a model takes numbers. Choose the columns that are, "
    "encode the others, and fill in missing values."
  )


def _check_kind(x, name):
  """Raises an error for common mistakes."""
  if x is None:
    raise TypeError(
      f"{name} is None: give an array whose first axis counts the examples."
    )
  if isinstance(x, (list, tuple)):
    raise TypeError(
      f"{name} is a {type(x).__name__} of {len(x)}: give one array, such as "
      f"np.stack({name}), whose first axis counts the examples."
    )
  if isinstance(x, (str, os.PathLike)):
    raise TypeError(
      f"{name} is a path: give what aevb_tf.data.load({str(x)!r}) returns."
    )
  if isinstance(x, Mapping):
    raise TypeError(f"{name} is a dict with {_names(x)}: give the array of examples.")
  if isinstance(x, tf.SparseTensor):
    raise TypeError(f"{name} is a sparse tensor: give tf.sparse.to_dense({name}).")
  if isinstance(x, tf.RaggedTensor):
    raise TypeError(
      f"{name} is a ragged tensor: give examples of one shape, such as {name}.to_tensor()."
    )
  if hasattr(x, "toarray") and hasattr(x, "nnz"):
    raise TypeError(f"{name} is a sparse matrix: give {name}.toarray().")


def _stacked(x, name):
  """Stacks a list of arrays with equal shapes."""
  try:
    return np.asarray(x)
  except ValueError as error:
    raise ValueError(
      f"{name} is a {type(x).__name__} of arrays of different shapes: give examples of "
      "one shape."
    ) from error


def check_data_set(x: object) -> None:
  """Raises a TypeError for a data set whose elements are not `x` or tuples of it."""
  if isinstance(x, tf.data.Dataset):
    element = x.element_spec
    check_element(element)
    check_x(element[0] if isinstance(element, tuple) else element)


def check_element(element: object) -> None:
  """Raises a TypeError for an element of a data set that is a dict, or empty."""
  if isinstance(element, Mapping):
    some = "image" if "image" in element else next(iter(element), "x")
    raise TypeError(
      f"The elements of the data set are dicts with {_names(element)}: name what is "
      f'modelled, as in data.map(lambda element: element["{some}"]). A model with a '
      "condition needs pairs of x and c."
    )
  if isinstance(element, (list, tuple)) and not element:
    raise TypeError("The elements of the data set are empty.")


def check_y(y: object) -> None:
  """Raises a TypeError for a y of a data set that Keras cannot make a tensor of."""
  dtype = np.asarray(y).dtype
  if y is not None and dtype.kind in "OSU":
    raise TypeError(
      f"y of the data set has dtype {dtype}: number the labels, as np.unique(y, "
      "return_inverse=True)[1] does."
    )


def check_x(x: object) -> None:
  """Raises a TypeError for an x that is several arrays."""
  check_element(x)
  if isinstance(x, (list, tuple)):
    raise TypeError(
      f"x of the data set is a {type(x).__name__} of {len(x)} arrays: give one, as in "
      "data.map(lambda x, y: x[0])."
    )


def _names(mapping):
  return "the keys " + ", ".join(map(repr, mapping))


def as_array(values: object, name: str) -> np.ndarray:
  """Converts labels, targets or weights to a NumPy array; they may be lists."""
  if isinstance(values, (list, tuple)):
    return _stacked(values, name)
  _check_kind(values, name)
  if np.ma.is_masked(values):
    raise TypeError(
      f"{name} has {np.ma.count_masked(values)} masked values: fill them in, as "
      f"{name}.filled(0) does, or leave these examples out."
    )
  return np.asarray(values)
