"""Permutations of data that are pure functions of integers.

Examples are sorted by random words of Philox, a counter-based generator. NumPy
guarantees that its stream does not change, but does not guarantee the stream of
`Generator.permutation`.

References:
  Salmon, Moraes, Dror, Shaw. Parallel random numbers: as easy as 1, 2, 3. SC 2011.
"""

import numpy as np

# A separate key for the fixed splits, so that no epoch has the order of a split.
_SPLIT = 0x73706C6974


def permutation(n: int, seed: int, epoch: int) -> np.ndarray:
  """A permutation of n examples, the same for the same arguments.

  Args:
    n: Number of examples.
    seed: An int, whose low 64 bits are used.
    epoch: Number of the epoch, not negative.

  Returns:
    int32 `[n]`.
  """
  key = np.array([int(seed) & 0xFFFF_FFFF_FFFF_FFFF, int(epoch)], np.uint64)
  words = np.random.Philox(key=key).random_raw(n)
  return np.argsort(words, kind="stable").astype(np.int32)


def held_out(n: int, num_test: int) -> dict[str, np.ndarray]:
  """The fixed split of n examples into "train" and "test", both in random order.

  Args:
    n: Number of examples.
    num_test: Number of examples that are held out.

  Returns:
    int32 indices `{"train": [n - num_test], "test": [num_test]}`.
  """
  order = permutation(n, _SPLIT, 0)
  return {"train": order[num_test:], "test": order[:num_test]}


def held_out_by_class(labels: np.ndarray, num_test: int) -> dict[str, np.ndarray]:
  """The fixed split with equally many test examples of each class, in random order.

  Args:
    labels: int `[n]`.
    num_test: Number of examples of each class that are held out.

  Returns:
    int32 indices, "train" and "test".
  """
  order = permutation(len(labels), _SPLIT, 0)
  is_test = np.zeros(len(labels), bool)
  for label in np.unique(labels):
    is_test[np.flatnonzero(labels[order] == label)[:num_test]] = True
  return {"train": order[~is_test], "test": order[is_test]}
