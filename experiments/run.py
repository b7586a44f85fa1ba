"""What a run is: everything that decides its numbers, and where it is measured.

The horizontal axis of the paper's figures is the number of training samples evaluated, on
a logarithmic scale; so are the points at which a run is measured.
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
  """What decides the numbers of a run.

  Attributes:
    method: One of `methods.TITLES`.
    config: Data, networks, optimizer, seed.
    measure: One of `measures.MEASURES`.
    train_examples: N; 0 for all that there are.
    split: As in `datasets.load`.
    first: Samples at the first point of the curve.
    per_decade: Points from there to ten times as many.
    chunk: Points are multiples of so many samples.
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
    """Everything that decides the numbers, as JSON holds it."""
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
    """Where a run of so many samples is measured, in samples, ascending."""
    found, i = {samples}, 0
    while (point := self.first * 10 ** (i / self.per_decade)) < samples:
      found.add(max(1, round(point / self.chunk)) * self.chunk)
      i += 1
    return sorted(found)

  def change(self, **values: Any) -> "Run":
    """The run with other values of its config."""
    config = self.config.copy_and_resolve_references()
    for key, value in values.items():
      configuration.assign(config, key, value, "experiment")
    return self._replace(config=config.lock())
