"""What arrays may hold, and how they are kept: uint8 levels, or float32 values.

The dtype says what an array is. uint8 and bool are images, as files of images store
them; every other dtype is numbers, which are taken as they are: a count of 2 is 2.0.

| given           | is      | kept as                         | refused if             |
|-----------------|---------|---------------------------------|------------------------|
| uint8           | images  | as it is; level p means p / 255 | only 0 and 1           |
| bool            | images  | uint8, 0 and 255                |                        |
| other integers  | numbers | float32, as they are            | beyond -2**24 .. 2**24 |
| float16, 32, 64 | numbers | float32, as they are            | NaN, infinite          |

float32 has every integer up to 2**24, and not all above. uint8 data of only 0 and 1
are ambiguous: binary data, or two levels that are nearly black.

Numbers may lie outside [0, 1], for a Gaussian likelihood, say; a likelihood that
cannot have them says so.
"""

import hashlib
import warnings
from collections.abc import Iterator

import numpy as np

_CHUNK_BYTES = 2**26
# float32 has all integers up to here.
_LARGEST_INTEGER = 2**24


def is_image_dtype(dtype: np.dtype) -> bool:
  """Whether arrays of a dtype are images, uint8 or bool, and not numbers."""
  return dtype == np.uint8 or dtype.kind == "b"


def check(x: np.ndarray, name: str) -> None:
  """Checks an array of examples, a chunk at a time.

  Args:
    x: `[n, ...]`.
    name: What it is, for error messages: a path, or an argument.

  Raises:
    ValueError: It is empty, has too few axes, or holds values that may not be.
    TypeError: Its dtype is neither bool, integer nor float.
  """
  if x.ndim < 2 or x.size == 0:
    raise ValueError(
      f"{name} has shape {list(x.shape)}: give [examples, ...], at least one example"
      " of at least one value."
    )
  if x.dtype.kind == "f":
    _check_finite(x, name)
  elif x.dtype == np.uint8:
    _check_levels(x, name)
  elif x.dtype.kind in "iu":
    _check_integers(x, name)
  elif x.dtype.kind != "b":
    raise TypeError(
      f"{name} has dtype {x.dtype}: give uint8 levels 0..255, other integers, floats,"
      " or bools."
    )


def check_unit_interval(x: np.ndarray, name: str) -> None:
  """Checks that numbers can be probabilities.

  Args:
    x: `[n, ...]`; uint8 and bools pass.
    name: What it is, for error messages.

  Raises:
    ValueError: Some value is outside [0, 1]; the message has its index.
  """
  if is_image_dtype(x.dtype):
    return
  for start, chunk in _chunks(x):
    if chunk.min() < 0 or chunk.max() > 1:
      index, value = _first(chunk, (chunk < 0) | (chunk > 1), start)
      raise ValueError(
        f"{name}{index} is {value}, and only values in [0, 1] can be binarized: scale"
        ' the data, or use binarization="none".'
      )


def check_labels(
  y: np.ndarray | None, n: int, name: str, classes: np.ndarray | None = None
) -> np.ndarray:
  """Labels as int32, -1 where there are none.

  Integers, bools and whole floats stay what they are, NaN and None are -1, and strings
  are numbered 0, 1, ... in the order of their classes. No model trains on labels, so
  floats that are not whole, which are targets and not labels, stop nothing: they are
  all -1, with a warning.

  Args:
    y: `[n]`, integers, bools, floats, strings, or objects of these and None; or None.
    n: How many examples there are.
    name: What it is, for error messages.
    classes: The distinct strings, sorted; None for those in `y`.

  Returns:
    int32 `[n]`.

  Raises:
    ValueError: There are not n of them, or they do not fit in int32.
    TypeError: They are of another dtype.
  """
  if y is None:
    return np.full(n, -1, np.int32)
  y = np.asarray(y)
  if y.shape != (n,):
    raise ValueError(
      f"{name} has shape {list(y.shape)}: give one label for each of {n} examples."
    )
  if y.dtype.kind == "O":
    return _labels_of_objects(y, name, classes)
  if y.dtype.kind in "US":
    classes = np.unique(y) if classes is None else classes
    return np.searchsorted(classes, y).astype(np.int32)
  if y.dtype.kind == "f":
    y = _whole(y, name)
  elif y.dtype.kind not in "iub":
    raise TypeError(f"{name} has dtype {y.dtype}: labels are integers or strings.")
  limits = np.iinfo(np.int32)
  if n and not limits.min <= int(y.min()) <= int(y.max()) <= limits.max:
    raise ValueError(f"{name} holds labels that do not fit in int32.")
  return y.astype(np.int32)


def _whole(y, name):
  """Floats as labels: NaN is -1; targets, which are not whole, are all -1."""
  y = np.where(np.isnan(y), -1, y)
  wrong = ~np.isfinite(y) | (y != np.trunc(y))
  if not wrong.any():
    return y
  index, value = _first(y, wrong, 0)
  warnings.warn(
    f"{name}{index} is {value}, which is not a label: examples have none (-1).",
    stacklevel=4,
  )
  return np.full(y.shape, -1)


def _labels_of_objects(y, name, classes):
  """None is -1; the others are labels by themselves."""
  labels = np.full(y.shape, -1, np.int32)
  known = np.array([label is not None for label in y], bool)
  if known.any():
    others = np.array(y[known].tolist())
    if others.dtype.kind == "O":
      raise TypeError(f"{name} holds objects: labels are integers or strings.")
    labels[known] = check_labels(others, len(others), name, classes)
  return labels


def stored(x: np.ndarray) -> np.ndarray:
  """Examples in the dtype they are kept in; `check` has passed them.

  Args:
    x: `[...]`.

  Returns:
    uint8 or float32 `[...]`, `x` itself where it is that already.
  """
  if x.dtype.kind == "b":
    return x.astype(np.uint8) * np.uint8(255)
  return x.astype(stored_dtype(x.dtype), copy=False)


def stored_dtype(dtype: np.dtype) -> np.dtype:
  """The dtype in which data of a dtype are kept."""
  return np.dtype(np.uint8 if is_image_dtype(dtype) else np.float32)


def check_sha256(array: np.ndarray, expected: str, name: str, advice: str) -> None:
  """Checks that an array is the one that is meant, byte by byte.

  Args:
    array: The array; its bytes in C order are hashed.
    expected: The SHA-256, in hexadecimal.
    name: What it is, for the error message.
    advice: What to do if it is another.

  Raises:
    ValueError: It is another array.
  """
  found = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
  if found != expected:
    raise ValueError(
      f"{name} holds other data than it should: the SHA-256 of its array is {found},"
      f" not {expected}. {advice}"
    )


def _check_finite(x, name):
  for start, chunk in _chunks(x):
    with np.errstate(over="ignore"):  # too large for float32 is found just below
      finite = np.isfinite(chunk.astype(np.float32, copy=False))
    if not finite.all():
      index, value = _first(chunk, ~finite, start)
      raise ValueError(
        f"{name}{index} is {value}, which is no finite float32: remove or replace it."
      )


def _check_integers(x, name):
  limit = _LARGEST_INTEGER
  for start, chunk in _chunks(x):
    if int(chunk.min()) < -limit or int(chunk.max()) > limit:
      index, value = _first(chunk, (chunk < -limit) | (chunk > limit), start)
      raise ValueError(
        f"{name}{index} is {value}, and float32 has not every integer beyond {limit}:"
        " scale the data, or round them yourself with astype('float32')."
      )


def _check_levels(x, name):
  if max(int(chunk.max()) for _, chunk in _chunks(x)) == 1:
    raise ValueError(
      f"{name} has dtype uint8 and holds only 0 and 1, though the lightest level is"
      " 255: convert binary data with astype(bool), counts with astype('float32')."
    )


def _chunks(x: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
  rows = max(1, _CHUNK_BYTES // max(1, x[:1].nbytes))
  for start in range(0, len(x), rows):
    yield start, x[start : start + rows]


def _first(chunk, wrong, start):
  """The index, as Python writes it, and the value of the first wrong entry."""
  index = np.unravel_index(np.argmax(wrong), wrong.shape)
  written = [int(index[0]) + start, *map(int, index[1:])]
  return written, chunk[index]
