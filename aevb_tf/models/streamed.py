"""Batches of data that stay where they are, of which a piece at a time is on the device.

While the compiled loop runs over one piece, the next one is read. Only the last piece of
a pass has fewer batches than the others; it is padded, so that it is not compiled anew.
"""

import math
import os
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from aevb_tf.data.pieces import Pieces
from aevb_tf.models import resident

# Of float32: what a piece may take, and all that are read ahead, one on each core.
_MOST_PIECE_BYTES, _MOST_BYTES = 2**26, 2**28


def most_steps(pieces: Pieces) -> int:
  """How many batches a piece may have at most."""
  batch = 4 * pieces.batch_size * math.prod(pieces.event_shape)
  return max(1, min(_MOST_PIECE_BYTES, _MOST_BYTES // (os.cpu_count() or 1)) // batch)


class Source(resident.Source):
  """Where the batches of one pass after another come from.

  Args:
    dataset: The pieces of a stream.
    steps_per_epoch: All batches of a pass.
    steps_per_call: Batches of a piece.
  """

  dataset: Pieces

  def runs(self, epoch: int, step: int) -> Iterator[tuple]:
    """As of resident data; each call takes the next piece of the pass."""
    if step == 0:
      self._pass = iter(self.dataset.of_batches(self.steps_per_call))
    piece = next(self._pass, None)
    if piece is None:
      raise ValueError(
        f"The data ended before batch {step + 1} of {self.steps_per_epoch}: they have "
        "changed since they were opened. Load them again."
      )
    *tensors, number = piece
    size, number = self.dataset.batch_size, number.numpy()
    whole, rest = divmod(len(tensors[0]), size)
    if whole:
      shape = (self.steps_per_call, size)
      missing = math.prod(shape) - len(tensors[0])
      indices = np.arange(math.prod(shape), dtype=np.int32).reshape(shape)
      passes = np.full(self.steps_per_call, number, np.int32)
      yield [_padded(x, missing) for x in tensors], indices, passes, whole
    if rest and not self.dataset.drop_remainder:
      indices = np.arange(rest, dtype=np.int32)[np.newaxis]
      yield [x[-rest:] for x in tensors], indices, np.array([number], np.int32), 1


def _padded(x, missing):
  return tf.pad(x, [(0, missing)] + [(0, 0)] * (x.shape.rank - 1)) if missing else x
