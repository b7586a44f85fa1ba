"""Imputation of whole data sets, batch by batch."""

import warnings
from typing import Any

import numpy as np
import tensorflow as tf

from aevb_tf import checks, conditions, random
from aevb_tf.evidence import trust
from aevb_tf.evidence.compiled import given_padded, pad, rows_at_once
from aevb_tf.imputation import base
from aevb_tf.protocols import ModelWithEncoder
from aevb_tf.random import Purpose
from aevb_tf.types import Seed

_BATCH_SIZE = 100
# Imputations with fewer accepted proposals are warned of.
LEAST_ACCEPTANCE = 0.05


class ImputationWarning(UserWarning):
  """Imputations are not reliable."""


def impute(
  model: ModelWithEncoder,
  x: np.ndarray,
  num_imputations: int = 1,
  method: base.ImputerLike = "importance",
  num_samples: int | None = None,
  seed: Seed = 0,
  condition: Any = None,
) -> np.ndarray:
  """Fills in missing values with what the model expects, or with draws.

  Args:
    model: A `VAE`.
    x: float32 `[n, *event_shape]`, NaN where a value is missing.
    num_imputations: 1 fills in the estimate of E[x_mis|x_obs], or the most probable
      level of codes; m > 1 gives m draws from p(x_mis|x_obs).
    method: Name, options or object of `aevb_tf.imputation`.
    num_samples: Samples or steps for each example; None for the method's own number.
    seed: An int or a pair of int32. What is imputed in example i depends only on (seed,
      i).
    condition: c of each example, or one for all, if the model has a condition.

  Returns:
    float32 `[n, *event_shape]`, or `[m, n, *event_shape]`; observed values are kept.

  Raises:
    ValueError: x is empty, an argument is out of range, or the condition is invalid.
      That observed values are in the support is not checked: `VAE.impute` does.

  Warns:
    ImputationWarning: The samples are too few, or the proposals are rejected.
  """
  if not len(x):
    raise ValueError("x is empty: there is nothing to impute.")
  method = base.get(method, num_samples)
  num_imputations = checks.positive_int("num_imputations", num_imputations)
  seed = random.derive(seed, Purpose.IMPUTE)
  size = min(_BATCH_SIZE, rows_at_once(model), len(x))
  filled: list[np.ndarray] = []
  effective: list[np.ndarray] = []
  acceptance: list[np.ndarray] = []
  given = conditions.of_examples(model, condition, len(x))
  for first in range(0, len(x), size):
    batch = x[first : first + size]
    rows = first + tf.range(size)
    of_batch = None if given is None else np.asarray(given[first : first + size])
    with given_padded(model, of_batch, size):
      found = method(model, pad(batch, size), seed, rows, num_imputations)
    axis = 0 if num_imputations == 1 else 1
    values = np.take(np.asarray(found.values), range(len(batch)), axis=axis)
    filled.append(np.where(np.isnan(batch), values, batch))
    is_incomplete = np.isnan(batch).reshape(len(batch), -1).any(axis=1)
    for part, into in (
      (found.effective_sample_size, effective),
      (found.acceptance, acceptance),
    ):
      if part is not None:
        into.append(np.asarray(part)[: len(batch)][is_incomplete])
  few = min(trust.LEAST_EFFECTIVE, method.num_samples / 2)
  _warn(method, effective, f"effective sample size of {method.num_samples}", few)
  _warn(method, acceptance, "acceptance", LEAST_ACCEPTANCE)
  return np.concatenate(filled, axis=0 if num_imputations == 1 else 1)


def _warn(method, values, what, least):
  reason = trust.below(what, np.concatenate(values) if values else None, least)
  if reason:
    warnings.warn(
      f"Imputation by {base.name_of(method)} is not reliable: {reason}."
      f" {getattr(method, 'advice', '')}",
      ImputationWarning,
      stacklevel=checks.level_of_user(),
    )
