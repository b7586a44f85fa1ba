"""The first examples of a data set."""

import numpy as np

from aevb_tf.types import Examples


def first_examples(source: Examples, count: int, name: str | None = None) -> np.ndarray:
  """Returns the first `count` examples, or all if there are fewer.

  Args:
    source: Array `[n, ...]`, or an iterable of batches `x` or `(x, y)`, such as the
      result of `aevb_tf.data.load`.
    count: Largest number of examples.
    name: Name of the source in the error message.

  Raises:
    ValueError: There are no examples.
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
