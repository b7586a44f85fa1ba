"""A run: everything that determines its numbers, and the points of its measurements.

The horizontal axis of the paper's figures is the number of training samples evaluated,
on a logarithmic scale. The points at which a run is measured are also logarithmic.
"""

import hashlib
import json
from typing import Any, NamedTuple

import ml_collections

from aevb_tf.training import configuration
from experiments.measures import OPTIONS

# Keys of a config that change no number of a run. `epochs` does where a schedule ends.
_FREE = ("name", "data_dir", "plots", "checkpoint_every", "keep_checkpoints")


class Run(NamedTuple):
  """Everything that determines the numbers of a run.

  Attributes:
    method: One of `methods.TITLES`.
    config: Data, networks, optimizer, seed.
    measure: One of `measures.MEASURES`.
    train_examples: N; 0 for all examples.
    split: As in `datasets.load`.
    first: Number of samples at the first point of the curve.
    per_decade: Number of points per factor of ten.
    chunk: Points are multiples of this number of samples.
  """

  method: str
  config: ml_collections.ConfigDict
  measure: str = "bound"
  train_examples: int = 0
  split: str = "random"
  first: int = 100_000
  per_decade: int = 10
  chunk: int = 10_000

  def description(self) -> dict:
    """Everything that determines the numbers, as values for JSON."""
    config = configuration.to_json(self.config)
    free = _FREE
    if self.config.learning_rate_schedule == "constant":
      free = (*free, "epochs")
    config = {key: value for key, value in config.items() if key not in free}
    return {**self._asdict(), "config": config, **OPTIONS.get(self.measure, {})}

  @property
  def key(self) -> str:
    """The name of the run's folder: equal for equal descriptions."""
    text = json.dumps(self.description(), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{self.method}-{self.config.dataset}-{self.config.latent_dim}-{digest}"

  def points(self, samples: int) -> list[int]:
    """The points of a run of `samples` samples, in samples, ascending."""
    found, i = {samples}, 0
    while (point := self.first * 10 ** (i / self.per_decade)) < samples:
      found.add(max(1, round(point / self.chunk)) * self.chunk)
      i += 1
    return sorted(found)

  def change(self, **values: Any) -> "Run":
    """A copy of the run with other values of its config."""
    config = self.config.copy_and_resolve_references()
    for key, value in values.items():
      configuration.assign(config, key, value, "experiment")
    return self._replace(config=config.lock())
