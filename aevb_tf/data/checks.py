"""Checks of arrays, and the dtype in which they are stored: uint8 or float32.

The dtype decides how an array is read. uint8 and bool are images, as in image files.
Every other dtype is numbers, whose values are kept: a count of 2 is 2.0.

| dtype           | read as | stored as                       | error if               |
|-----------------|---------|---------------------------------|------------------------|
| uint8           | images  | uint8; level p means p / 255    | only 0 and 1           |
| bool            | images  | uint8, 0 and 255                |                        |
| other integers  | numbers | float32, the same values        | beyond -2**24 .. 2**24 |
| float16, 32, 64 | numbers | float32, the same values        | infinite; NaN unless   |
|                 |         |                               | values may be missing  |

float32 can represent every integer up to 2**24, but not all above. uint8 data with only
0 and 1 are ambiguous: they may be binary data, or two levels that are nearly black.

Numbers may lie outside [0, 1], for instance for a Gaussian likelihood. Likelihoods
check their own support.
"""

import hashlib
import numbers
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from aevb_tf.checks import is_missing

_CHUNK_BYTES = 2**26
# float32 represents all integers up to this one.
_LARGEST_INTEGER = 2**24


def is_image_dtype(dtype: np.dtype) -> bool:
  """Whether arrays of a dtype are images (uint8 or bool), not numbers."""
  return dtype == np.uint8 or dtype.kind == "b"


def check(x: np.ndarray, name: str, missing: bool = False) -> None:
  """Checks an array of examples, a chunk at a time.

  Args:
    x: `[n, ...]`.
    name: The path or the argument, for error messages.
    missing: Whether NaN is allowed, and marks a missing value.

  Raises:
    ValueError: It is empty, has too few axes, or holds invalid values.
    TypeError: Its dtype is not bool, integer or float.
  """
  check_dtype(x, name)
  if x.dtype.kind == "f":
    _check_finite(x, name, missing)
  elif x.dtype == np.uint8:
    _check_levels(x, name)
  elif x.dtype.kind in "iu":
    _check_integers(x, name)


def check_dtype(x: np.ndarray, name: str) -> None:
  """Checks the shape and the dtype of an array of examples, and no values; as `check`."""
  if x.ndim < 2 or x.size == 0:
    raise ValueError(
      f"{name} has shape {list(x.shape)}: pass [examples, ...], with at least one"
      " example of at least one value."
    )
  if x.dtype.kind not in "fiub":
    raise TypeError(
      f"{name} has dtype {x.dtype}: pass uint8 levels 0..255, other integers, floats,"
      " or bools."
    )


def with_nan(x: object) -> np.ndarray:
  """An array in which the masked values of a `np.ma` array are NaN."""
  if not np.ma.is_masked(x):
    return np.asarray(x)
  return np.ma.filled(np.ma.asarray(x).astype(np.float32), np.nan)


def check_unit_interval(x: np.ndarray, name: str) -> None:
  """Checks that numbers can be probabilities.

  Args:
    x: `[n, ...]`; uint8 and bool always pass.
    name: The path or the argument, for error messages.

  Raises:
    ValueError: A value is outside [0, 1]; the message has its index.
  """
  if is_image_dtype(x.dtype):
    return
  for start, chunk in _chunks(x):
    if chunk.min() < 0 or chunk.max() > 1:
      index, value = _first(chunk, (chunk < 0) | (chunk > 1), start)
      raise ValueError(
        f"{name}{index} is {value}, but only values in [0, 1] can be binarized: scale"
        ' the data, or use binarization="none".'
      )


def check_labels(
  y: np.ndarray | None,
  n: int,
  name: str,
  classes: Sequence[str] | np.ndarray | None = None,
) -> np.ndarray:
  """Converts labels to int32; -1 means that there is no label.

  Integers, bools and whole floats keep their values, NaN and None become -1, and
  strings are numbered 0, 1, ... in the order of the classes. Floats that are not
  whole are targets, not labels. As no model trains on labels, this is not an error: all
  become -1, with a warning.

  Arrays of more than one axis, conditions or targets, become float32.

  Args:
    y: `[n]`, integers, bools, floats, strings, or objects of these and None; or numbers
      `[n, ...]`; or None. Masked values of a `np.ma` array have no label.
    n: Number of examples.
    name: The path or the argument, for error messages.
    classes: The distinct strings in the order of their numbers; None for those in `y`,
      sorted.

  Returns:
    int32 `[n]`, or float32 `[n, ...]`.

  Raises:
    ValueError: Their number is not n, they do not fit in int32, a condition is not
      finite, or a string is not one of the classes.
    TypeError: They have another dtype.
  """
  if y is None:
    return np.full(n, -1, np.int32)
  y = with_none(y)
  if y.ndim > 1 and len(y) == n and y.dtype.kind in "fiub":
    if y.dtype == np.uint8 and np.any(y > 1):
      raise ValueError(f"{name} has levels of 8 bits: scale them, as in {name} / 255.")
    if not np.isfinite(y).all():
      raise ValueError(f"{name} has NaN or infinite values: fill them in.")
    return y.astype(np.float32, copy=False)
  if y.shape != (n,):
    raise ValueError(
      f"{name} has shape {list(y.shape)}: pass one label for each of {n} examples."
    )
  if y.dtype.kind == "O":
    return _labels_of_objects(y, name, classes)
  if y.dtype.kind in "US":
    return _numbers_of(y, class_names(y) if classes is None else classes, name)
  if y.dtype.kind == "f":
    y = _whole(y, name)
  elif y.dtype.kind not in "iub":
    raise TypeError(f"{name} has dtype {y.dtype}: pass integers or strings as labels.")
  limits = np.iinfo(np.int32)
  if n and not limits.min <= int(y.min()) <= int(y.max()) <= limits.max:
    raise ValueError(f"{name} holds labels that do not fit in int32.")
  return y.astype(np.int32)


def is_unlabelled(value: object) -> bool:
  """Whether a label marks an example without one: None, NaN, NA of pandas, or -1."""
  return is_missing(value) or (isinstance(value, numbers.Real) and value == -1)


def with_none(y: object) -> np.ndarray:
  """Labels in which masked values of a `np.ma` array are None."""
  if not np.ma.is_masked(y):
    return np.asarray(y)
  masked: Any = np.ma.asarray(y)
  filled = masked.data.astype(object)
  filled[np.ma.getmaskarray(masked)] = None
  return filled


def class_names(y: np.ndarray | None) -> tuple[str, ...] | None:
  """The classes of labels that are strings, in the order of their numbers 0, 1, ...

  Args:
    y: As in `check_labels`.

  Returns:
    The distinct strings, sorted; None if the labels are not strings.
  """
  y = with_none([] if y is None else y)
  if y.dtype.kind == "O":
    y = np.array([label for label in y.ravel() if not is_unlabelled(label)])
  if y.dtype.kind not in "US":
    return None
  return tuple(map(_text, np.unique(y).tolist()))


def _whole(y, name):
  """Converts floats to labels. NaN is -1; if any float is not whole, all are -1."""
  y = np.where(np.isnan(y), -1, y)
  wrong = ~np.isfinite(y) | (y != np.trunc(y))
  if not wrong.any():
    return y
  index, value = _first(y, wrong, 0)
  warnings.warn(
    f"{name}{index} is {value}, which is not a label: all labels are set to -1.",
    stacklevel=4,
  )
  return np.full(y.shape, -1)


def _labels_of_objects(y, name, classes):
  """Converts objects to labels: None and NaN are -1, the others checked as an array."""
  labels = np.full(y.shape, -1, np.int32)
  known = ~np.array([is_unlabelled(label) for label in y], bool)
  if known.any():
    others = np.array(y[known].tolist())
    if others.dtype.kind == "O":
      raise TypeError(f"{name} holds objects: pass integers or strings as labels.")
    labels[known] = check_labels(others, len(others), name, classes)
  return labels


def _numbers_of(y, classes, name):
  """The numbers of strings, which are their positions among the classes."""
  numbers = {_text(label): i for i, label in enumerate(classes)}
  found, positions = np.unique(y, return_inverse=True)
  names = [_text(label) for label in found.tolist()]
  for label in names:
    if label not in numbers:
      raise ValueError(
        f"{name} has the class {label!r}, which is not one of {list(numbers)}."
      )
  return np.array([numbers[label] for label in names], np.int32)[positions]


def _text(label):
  return label.decode() if isinstance(label, bytes) else str(label)


def stored(x: np.ndarray) -> np.ndarray:
  """Converts examples to the dtype in which they are stored.

  Args:
    x: `[...]`, which has passed `check`.

  Returns:
    uint8 or float32 `[...]`; `x` itself if it has this dtype.
  """
  if x.dtype.kind == "b":
    return x.astype(np.uint8) * np.uint8(255)
  return x.astype(stored_dtype(x.dtype), copy=False)


def stored_dtype(dtype: np.dtype) -> np.dtype:
  """The dtype in which data of a dtype are stored."""
  return np.dtype(np.uint8 if is_image_dtype(dtype) else np.float32)


def check_sha256(array: np.ndarray, expected: str, name: str, advice: str) -> None:
  """Checks the SHA-256 of an array.

  Args:
    array: The array; its bytes in C order are hashed.
    expected: The SHA-256, in hexadecimal.
    name: The path, for the error message.
    advice: What to do if the hash differs.

  Raises:
    ValueError: The hash differs.
  """
  found = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
  if found != expected:
    raise ValueError(
      f"{name} does not hold the expected data: the SHA-256 of its array is {found},"
      f" not {expected}. {advice}"
    )


def _check_finite(x, name, missing):
  for start, chunk in _chunks(x):
    with np.errstate(over="ignore"):  # values too large for float32 fail the next check
      values = chunk.astype(np.float32, copy=False)
    allowed = np.isfinite(values) | (np.isnan(values) if missing else False)
    if not allowed.all():
      index, value = _first(chunk, ~allowed, start)
      advice = "remove or replace it"
      if np.isnan(value):
        advice += ", or pass missing=True if NaN marks missing values"
      raise ValueError(f"{name}{index} is {value}, not a finite float32: {advice}.")


def _check_integers(x, name):
  limit = _LARGEST_INTEGER
  for start, chunk in _chunks(x):
    if int(chunk.min()) < -limit or int(chunk.max()) > limit:
      index, value = _first(chunk, (chunk < -limit) | (chunk > limit), start)
      raise ValueError(
        f"{name}{index} is {value}, but float32 cannot represent every integer beyond"
        f" {limit}: scale the data, or round them with astype('float32')."
      )


def _check_levels(x, name):
  if max(int(chunk.max()) for _, chunk in _chunks(x)) == 1:
    raise ValueError(
      f"{name} has dtype uint8 and holds only 0 and 1, but the lightest level of uint8"
      " is 255: convert binary data with astype(bool), counts with astype('float32')."
    )


def _chunks(x: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
  rows = max(1, _CHUNK_BYTES // max(1, x[:1].nbytes))
  for start in range(0, len(x), rows):
    yield start, x[start : start + rows]


def _first(chunk, wrong, start):
  """The index of the first wrong entry, as Python writes it, and its value."""
  index = np.unravel_index(np.argmax(wrong), wrong.shape)
  written = [int(index[0]) + start, *map(int, index[1:])]
  return written, chunk[index]
