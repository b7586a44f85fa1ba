"""Measures of a model during training: the bound, or the evidence.

A measure is a function of the model and of its `Data`, and returns columns of the
table: means over examples, nats per example, and their standard errors. It uses the
same noise at every point of a curve.
"""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from aevb_tf import evidence, random
from aevb_tf.evidence import results
from aevb_tf.evidence.compiled import compiled
from aevb_tf.random import Purpose
from experiments.datasets import Data

# Data at once.
BATCH = 500
# App. E: evidence of the first so many train and test data; and of a run of seconds.
_EXAMPLES, _FEW_EXAMPLES = 1000, 10
# App. D and E: 50 samples, 4 leapfrog steps. The rest is ours, and the same for models
# with an encoder and without: chains start at draws of the prior, chosen for the
# example.
APP_D = {
  "num_samples": 50,
  "leapfrog_steps": 4,
  "burn_in": 30,
  "thinning": 2,
  "start": "prior",
  "candidates": 100_000,
}
_APP_D_IN_SECONDS = {**APP_D, "candidates": 1000}


def bound(model: Any, data: Data) -> dict[str, Any]:
  """The lower bound, one sample of z for each example: `train`, `test`, their errors."""
  return _columns(lambda part: per_example(model, part), data.measured, data.test)


def with_full_bound(model: Any, data: Data) -> dict[str, Any]:
  """`bound` at the mean weights, and `full_train`, ...: the bound of App. F, over N."""
  full = _columns(
    lambda part: per_example(model, part, "full_bound"), data.measured, data.test
  )
  return bound(model, data) | {f"full_{key}": value for key, value in full.items()}


def log_marginal(
  model: Any,
  data: Data,
  examples: int = _EXAMPLES,
  options: Mapping[str, Any] = APP_D,
) -> dict[str, Any]:
  """log p(x) of the first examples by App. D: `train`, `test`, their errors.

  It also returns `train_values` and `test_values` of each example, since methods are
  compared on the same examples, and diagnostics of the chains: `acceptance`, and
  `effective_sample_size` of 50.
  """
  estimator = evidence.PosteriorDensity(**options)
  estimates = {
    name: evidence.estimate(
      model, first(part, examples), estimator, seed=0, batch_size=BATCH
    )
    for name, part in (("train", data.measured), ("test", data.test))
  }
  columns = {
    key: float(np.mean([np.mean(getattr(e, key)) for e in estimates.values()]))
    for key in ("acceptance", "effective_sample_size")
  }
  for name, found in estimates.items():
    columns |= mean(name, found.log_marginal)
    columns[f"{name}_values"] = np.round(found.log_marginal, 3).tolist()
  return columns


MEASURES = {
  "bound": bound,
  "with_full_bound": with_full_bound,
  "log_marginal": log_marginal,
  "log_marginal_of_few": functools.partial(
    log_marginal, examples=_FEW_EXAMPLES, options=_APP_D_IN_SECONDS
  ),
}
# Other options on which the numbers of a measure depend.
OPTIONS = {
  "log_marginal": {"app_d": APP_D},
  "log_marginal_of_few": {"app_d": _APP_D_IN_SECONDS},
}


def mean(name: str, values: np.ndarray) -> dict[str, float]:
  """The columns of a quantity: the mean of its values, and the error of that."""
  center = float(np.mean(values, dtype=np.float64))
  return {name: center, f"{name}_error": results.standard_error(values)}


def per_example(model: Any, part: Any, field: str = "elbo") -> np.ndarray:
  """A field of a model's `bound_parts` for each example of a data set.

  Args:
    model: The model.
    part: An `ArrayDataset`.
    field: Of `bound_parts`.

  Returns:
    float32 `[n]`, nats.
  """
  seed = random.derive(model.seed, Purpose.MEASURE)
  # For short runs the compilation with XLA would take longer than the run.
  parts = compiled(model, _parts, jit=bool(model.jit_compile))
  batches = _batches(part, part.num_examples)
  return np.concatenate([getattr(parts(x, seed, rows), field) for x, rows in batches])


def first(part: Any, count: int) -> np.ndarray:
  """The first examples of a data set, after scaling, float32 `[count, ...]`."""
  return np.concatenate([x for x, _ in _batches(part, count)])


def _parts(model, x, seed, rows):
  return model.bound_parts(x, seed, rows, training=False)


def _batches(part, count):
  """The first data in order, and their numbers; the bits are those of epoch 0."""
  count = min(count, part.num_examples)
  size = min(BATCH, count)
  for first in range(0, count, size):
    rows = tf.range(first, min(first + size, count))
    x, _ = part.examples(part.tensors(), rows, tf.constant(0))
    yield x, rows


def _columns(values_of, train, test):
  return mean("train", values_of(train)) | mean("test", values_of(test))
