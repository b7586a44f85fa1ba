"""The first examples of whatever holds data."""

from typing import Any

import numpy as np


def first_examples(source: Any, count: int, name: str | None = None) -> np.ndarray:
  """Returns the first `count` examples, or all if there are fewer.

  Args:
    source: Array `[n, ...]`, or an iterable of batches `x` or `(x, y)`, such as
      `aevb_tf.data.load` gives.
    count: How many at most.
    name: What the error calls the source.

  Raises:
    ValueError: There are none.
  """
  pieces: list[np.ndarray] = []
  for batch in [source] if hasattr(source, "__array__") else source:
    x = np.asarray(batch[0] if isinstance(batch, tuple | list) else batch)
    pieces.append(x[: count - sum(map(len, pieces))])
    if sum(map(len, pieces)) >= count:
      break
  if not sum(map(len, pieces)):
    raise ValueError(f"{name} holds no examples." if name else "There are no examples.")
  return np.concatenate(pieces)
