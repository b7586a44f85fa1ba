"""What arrays may hold, and how they are kept: uint8 levels, or float32 values.

| given           | kept as                         | refused if                      |
|-----------------|---------------------------------|---------------------------------|
| uint8           | as it is; level p means p / 255 | just 0 and 1: ambiguous         |
| other integers  | uint8                           | outside 0..255, or just 0 and 1 |
| bool            | uint8, 0 and 255                |                                 |
| float16, 32, 64 | float32, as they are            | NaN, infinite                   |

Floats may lie outside [0, 1], for a Gaussian likelihood; a likelihood that cannot
have them says so.
"""

import hashlib
from collections.abc import Iterator

import numpy as np

_CHUNK_BYTES = 2**26


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
  elif x.dtype.kind in "iu":
    _check_levels(x, name)
  elif x.dtype.kind != "b":
    raise TypeError(
      f"{name} has dtype {x.dtype}: give uint8 levels 0..255, floats, or bools."
    )


def check_unit_interval(x: np.ndarray, name: str) -> None:
  """Checks that floats can be probabilities.

  Args:
    x: `[n, ...]`; integers and bools pass.
    name: What it is, for error messages.

  Raises:
    ValueError: Some value is outside [0, 1]; the message has its index.
  """
  if x.dtype.kind != "f":
    return
  for start, chunk in _chunks(x):
    if chunk.min() < 0 or chunk.max() > 1:
      index, value = _first(chunk, (chunk < 0) | (chunk > 1), start)
      raise ValueError(
        f"{name}{index} is {value}, and only values in [0, 1] can be binarized: scale"
        ' the data, or use binarization="none".'
      )


def check_labels(y: np.ndarray | None, n: int, name: str) -> np.ndarray:
  """Labels as int32, -1 if there are none.

  Args:
    y: int `[n]`, or None.
    n: How many examples there are.
    name: What it is, for error messages.

  Returns:
    int32 `[n]`.

  Raises:
    ValueError: There are not n of them, or they do not fit.
    TypeError: They are not integers.
  """
  if y is None:
    return np.full(n, -1, np.int32)
  y = np.asarray(y)
  if y.dtype.kind not in "iub":
    raise TypeError(f"{name} has dtype {y.dtype}: labels are integers.")
  if y.shape != (n,):
    raise ValueError(
      f"{name} has shape {list(y.shape)}: give one label for each of {n} examples."
    )
  labels = y.astype(np.int32)
  if not np.array_equal(labels, y):
    raise ValueError(f"{name} holds labels that do not fit in int32.")
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
  return np.dtype(np.float32 if dtype.kind == "f" else np.uint8)


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


def _check_levels(x, name):
  highest = 0
  for start, chunk in _chunks(x):
    highest = max(highest, int(chunk.max()))
    if x.dtype != np.uint8 and (chunk.min() < 0 or highest > 255):
      index, value = _first(chunk, (chunk < 0) | (chunk > 255), start)
      raise ValueError(
        f"{name}{index} is {value}, and {x.dtype} data are levels in 0..255: scale"
        " them to that, or to floats."
      )
  if highest == 1:
    raise ValueError(
      f"{name} has dtype {x.dtype} and holds only 0 and 1, though the lightest level"
      " is 255: convert binary data with astype(bool)."
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
