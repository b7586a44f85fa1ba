"""The arguments of `fit`, `evaluate` and other methods of a model, in one form.

    x              `[n, *event_shape]`, what the encoder sees
    y              with x's shape: targets, scored instead of x (denoising); anything
                   else is a label: integers `[n]` are kept, others are dropped. If the
                   model has a condition, y is that, whatever its shape
    sample_weight  `[n]`, the weight of each example

Keras drops weights without y, so labels of -1 are added to them.
"""

import operator
import warnings
from typing import Any, Literal, NamedTuple, SupportsIndex, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from aevb_tf.loops import conversion
from aevb_tf.types import TensorLike

# As Keras has it: nothing, a bar, or a line for each epoch.
Verbose: TypeAlias = bool | Literal[0, 1, 2, "auto"]

# What `fit` and `evaluate` take as x.
Data: TypeAlias = TensorLike | tf.data.Dataset | keras.utils.PyDataset


class Arrays(NamedTuple):
  """Examples in memory; see the module's docstring."""

  x: np.ndarray
  y: np.ndarray | None = None
  sample_weight: np.ndarray | None = None

  def split(self, fraction: float) -> tuple["Arrays", "Arrays"]:
    """Splits off the last `fraction` of the examples, as Keras does.

    Raises:
      ValueError: One part would be empty.
    """
    n = len(self.x)
    at = int(np.floor(n * (1.0 - fraction)))
    if not 0 < at < n:
      raise ValueError(
        f"validation_split={fraction!r} of {n} examples leaves none for training or "
        "none for validation: choose another fraction."
      )

    def take(rows):
      others = (None if part is None else part[rows] for part in self[1:])
      return Arrays(self.x[rows], *others)

    return take(slice(at)), take(slice(at, None))


def standardize(
  x: Data,
  y: TensorLike | None = None,
  sample_weight: TensorLike | None = None,
  labels: bool = False,
) -> Arrays | None:
  """Converts arguments of `fit` to examples in memory.

  Args:
    x: An array, or anything else that Keras takes.
    y: Labels or targets.
    sample_weight: Weights.
    labels: Whether to keep labels of every kind, for `class_weight`.

  Returns:
    `Arrays`; None if `x` is a data set, which Keras iterates over.

  Raises:
    ValueError, TypeError: They are not valid data; the message says what to pass.
  """
  if not conversion.is_array(x):
    conversion.check_data_set(x)
    return None
  array = conversion.as_numbers(x, "x")
  if array.ndim < 2 or not len(array):
    raise ValueError(
      f"x has shape {list(array.shape)}: give [examples, ...], at least one example of at "
      "least one value."
    )
  given = None if y is None else _labels(y, array, labels)
  if sample_weight is None:
    return Arrays(array, given)
  weights = _weights(sample_weight, len(array))
  given = np.full(len(array), -1, np.int32) if given is None else given
  return Arrays(array, given, weights)


def as_count(value: SupportsIndex, name: str, least: int = 1) -> int:
  """Converts a number of examples or steps to an int.

  Args:
    value: An integer of Python, NumPy or TensorFlow.
    name: Name of the argument in errors.
    least: The smallest valid value; the largest is that of int32.

  Raises:
    TypeError: It is not an integer.
    ValueError: It is out of range.
  """
  try:
    if isinstance(value, (bool, np.bool_)):
      raise TypeError
    count = operator.index(value)
  except (AttributeError, TypeError):  # the former of a tensor of floats
    raise TypeError(f"{name}={value!r} must be an integer.") from None
  most = np.iinfo(np.int32).max
  if not least <= count <= most:
    raise ValueError(f"{name}={value!r} must be an integer from {least} to {most}.")
  return count


def check_counts(**counts: SupportsIndex | None) -> None:
  """Raises the errors of `as_count` for arguments that are neither counts nor None."""
  for name, value in counts.items():
    if value is not None:
      as_count(value, name)


def check_ends(data: object, **steps: int | None) -> None:
  """Raises a ValueError if a data set is infinite and its number of steps is None."""
  if isinstance(data, tf.data.Dataset) and None in steps.values():
    if data.cardinality() == tf.data.INFINITE_CARDINALITY:
      raise ValueError(
        "The data set repeats without end: leave out its repeat(), or pass the number "
        f"of batches as {', '.join(steps)}."
      )


def unpack(data: Any) -> tuple[tf.Tensor, tf.Tensor | None, tf.Tensor | None]:
  """x, y and weights of a batch as Keras passes it to a step.

  Raises:
    TypeError: The batch is a dict, or x is more than one array.
  """
  conversion.check_element(data)
  x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
  conversion.check_x(x)
  # Class weights of a single batch, and batches of a step called by hand, are NumPy's.
  y, weights = (
    tf.convert_to_tensor(part) if isinstance(part, np.ndarray) else part
    for part in (y, weights)
  )
  if weights is not None:
    rank = weights.shape.rank
    if rank not in (None, 1) and not (rank == 2 and weights.shape[1] == 1):
      raise ValueError(
        f"Weights have shape {tuple(weights.shape)}: give one for each example, [batch]."
      )
    weights = tf.reshape(weights, [-1])
  return x, y, weights


def without_optionals(data: Any) -> Any:
  """A batch with None where a generator had None, for which Keras has an `Optional`."""
  return tf.nest.map_structure(
    lambda part: None if isinstance(part, tf.experimental.Optional) else part, data
  )


def targets(x: tf.Tensor, y: tf.Tensor | None) -> tf.Tensor | None:
  """The targets that are scored instead of x, or None if y is a label or None.

  If the shape of y is known only when the graph runs, the graph uses x in place of
  labels. This is so for data with unknown shape, and in a graph that Keras has traced
  for both labels and targets.
  """
  if y is None or not tf.is_tensor(y):
    return None
  if not (y.dtype.is_floating or y.dtype.is_integer or y.dtype.is_bool):
    return None
  if not y.shape.is_compatible_with([None, *x.shape[1:]]):
    _warn_of_other_targets(y.dtype.is_floating, y.shape, x.shape)
    return None
  y = tf.cast(y, tf.float32)
  if y.shape.rank is not None and y.shape[1:].is_fully_defined():
    return y
  alike = (tf.rank(y) == tf.rank(x)) & (tf.size(y) == tf.size(x))
  return tf.cond(alike, lambda: tf.ensure_shape(y, x.shape), lambda: x)


def scored(data: Arrays, has_targets: bool = True) -> np.ndarray:
  """The values of arrays that the likelihood scores: the targets, or x itself.

  Args:
    data: The arrays.
    has_targets: Whether a y with the shape of x is a target, rather than a condition.
  """
  if not has_targets:
    return data.x
  return data.x if data.y is None or data.y.shape != data.x.shape else data.y


def with_labels(data: Data) -> Data:
  """Adds labels of -1 to a PyDataset of `(x, None)`, which Keras does not support.

  Args:
    data: Anything that `fit` takes.

  Returns:
    `data`, or a PyDataset with labels of -1.
  """
  if isinstance(data, keras.utils.PyDataset):
    element = data[0]
    if isinstance(element, (tuple, list)) and len(element) > 1 and element[1] is None:
      return _Labelled(data)
  return data


class _Labelled(keras.utils.PyDataset):
  """A PyDataset of `(x, None, weights)` or `(x, None)`, with labels of -1 added."""

  def __init__(self, data: keras.utils.PyDataset):
    super().__init__(data.workers, data.use_multiprocessing, data.max_queue_size)
    self._data = data

  @property
  def num_batches(self) -> int | None:
    """The number of batches of the data."""
    return self._data.num_batches

  def __len__(self) -> int:
    return len(self._data)

  def __getitem__(self, index: int) -> tuple:
    x, _, *weights = self._data[index]
    return x, np.full(len(x), -1, np.int32), *weights

  def on_epoch_begin(self) -> None:
    """Passed on to the data."""
    self._data.on_epoch_begin()

  def on_epoch_end(self) -> None:
    """Passed on to the data."""
    self._data.on_epoch_end()


def event_shape(data: object) -> tuple[int | None, ...] | None:
  """The static shape of an example of a data set."""
  if isinstance(data, Arrays):
    return tuple(data.x.shape[1:])
  known = getattr(data, "event_shape", None)
  if known is not None:
    return tuple(known)
  if isinstance(data, tf.data.Dataset):
    element = data.element_spec
    x = element[0] if isinstance(element, tuple) else element
    shape = getattr(x, "shape", None)
    return None if shape is None or shape.rank is None else tuple(shape[1:])
  if isinstance(data, keras.utils.PyDataset):
    element = data[0]
    conversion.check_element(element)
    x, *others = element if isinstance(element, (tuple, list)) else (element,)
    conversion.check_element(x)
    conversion.check_y(others[0] if others else None)
    return tuple(np.shape(x)[1:])
  return None


def _labels(y, x, everything):
  y = conversion.as_array(y, "y")
  if y.ndim == 0 or len(y) != len(x):
    raise ValueError(
      f"y has shape {list(y.shape)}, and x has {len(x)} examples: give one y for each."
    )
  if everything:
    if y.dtype.kind not in "biuf":
      raise TypeError(
        f"class_weight is by the number of a class, and y has dtype {y.dtype}: number the "
        "labels, as np.unique(y, return_inverse=True)[1] does."
      )
    return y
  if y.dtype.kind == "O":
    y = np.asarray(y.tolist())  # numbers of Python, or something else
  if y.shape == x.shape and (y.dtype.kind in "biuf" or y.dtype.name == "bfloat16"):
    return y.astype(np.float32, copy=False)
  _warn_of_other_targets(y.dtype.kind == "f", y.shape, x.shape)
  limits = np.iinfo(np.int32)
  if y.ndim == 1 and y.dtype.kind in "biu":
    if limits.min <= y.min() and y.max() <= limits.max:
      return y.astype(np.int32)
  return None


def _warn_of_other_targets(is_floating, y_shape, x_shape):
  """Warns that y is ignored if it looks like targets with another shape than x."""
  if is_floating and len(y_shape) > 2:
    y_shape, x_shape = (("n", *shape[1:]) for shape in (y_shape, x_shape))
    warnings.warn(
      f"y has shape [{', '.join(map(str, y_shape))}] and x [{', '.join(map(str, x_shape))}]"
      ": y is treated as labels, which are ignored. Targets must have the shape of x.",
      stacklevel=3,
    )


def _weights(weights, n):
  weights = conversion.as_array(weights, "sample_weight")
  if weights.dtype.kind not in "biuf" or weights.size != n or len(weights) != n:
    raise ValueError(
      f"sample_weight has shape {list(weights.shape)} and dtype {weights.dtype}: give a "
      f"number for each of {n} examples."
    )
  if not np.isfinite(weights).all():
    raise ValueError(
      "sample_weight has NaN or infinite values: give 0 to leave one out."
    )
  return weights.reshape(n).astype(np.float32)
