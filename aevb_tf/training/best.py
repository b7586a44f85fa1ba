"""The best epoch of a run: that of the highest bound on the test split.

The model of the best epoch so far is written with the checkpoints, beside them, so that
an interrupted run is resumed to the same best epoch as one that was not interrupted.
"""

import math
from collections.abc import Sequence
from typing import Any

# The metric whose highest value is the best; nats per example.
METRIC = "val_elbo"


def best_epoch(history: Sequence[dict[str, Any]]) -> int | None:
  """The first epoch with the highest bound, or None if no bound is finite.

  Args:
    history: The rows of `metrics.jsonl`.
  """
  known = [row for row in history if math.isfinite(row[METRIC])]
  if not known:
    return None
  return max(known, key=lambda row: row[METRIC])["epoch"]


def is_exhausted(history: Sequence[dict[str, Any]], patience: int) -> bool:
  """Whether so many epochs have passed since the best one.

  Args:
    history: The rows of `metrics.jsonl`.
    patience: Number of epochs; 0 for never.
  """
  if not patience or not history:
    return False
  return history[-1]["epoch"] - (best_epoch(history) or 0) >= patience
