"""The table, as a schema and encoded rows; the same for all contenders."""

import dataclasses

import numpy as np

from aevb_tf.tables import Column, Schema

LEARNING_RATE = 1e-3
LEVELS = (3, 4, 5, 6, 7)
_NUMBERS = {"real": 8, "positive": 6, "count": 6, "binary": 5}
KINDS = [kind for kind, number in _NUMBERS.items() for _ in range(number)]
KINDS += ["categorical"] * len(LEVELS)
MEAN_COUNT = 5.0


@dataclasses.dataclass(frozen=True)
class Work:
  """How much is trained.

  Attributes:
    num_rows: N.
    batch_size: M.
    latent_dim: J.
    hidden_units: Units of each of the two hidden layers.
  """

  num_rows: int = 1_000_000
  batch_size: int = 500
  latent_dim: int = 8
  hidden_units: int = 128

  def schema(self) -> Schema:
    """The schema, in which columns of all kinds alternate."""
    columns, levels = [], iter(LEVELS)
    for i, kind in enumerate(KINDS):
      options = {}
      if kind == "binary":
        options["levels"] = (0, 1)
      elif kind == "categorical":
        options["levels"] = tuple(range(next(levels)))
      elif kind == "count":
        options["scale"] = MEAN_COUNT
      columns.append(Column(f"c{i}", kind, **options))
    return Schema([columns[i] for i in self.order()])

  def order(self) -> np.ndarray:
    """The order of the columns, a permutation of those by kind."""
    return np.random.default_rng(1).permutation(len(KINDS))

  def x(self) -> np.ndarray:
    """The rows by the schema, float32 `[N, 30]`, which depend on four causes."""
    rng = np.random.default_rng(0)
    x = np.empty((self.num_rows, len(KINDS)), np.float32)
    causes = rng.normal(size=(self.num_rows, 4)).astype(np.float32)
    levels = iter(LEVELS)
    for i, kind in enumerate(KINDS):
      signal = causes @ rng.normal(size=4).astype(np.float32) / 2
      noise = rng.normal(size=self.num_rows).astype(np.float32)
      if kind == "real":
        x[:, i] = signal + 0.5 * noise
      elif kind == "positive":
        x[:, i] = np.exp(0.5 * signal + 0.5 * noise)
      elif kind == "count":
        x[:, i] = rng.poisson(MEAN_COUNT * np.exp(0.5 * signal - 0.125))
      elif kind == "binary":
        x[:, i] = signal + noise > 0
      else:
        top = next(levels) - 1
        x[:, i] = np.clip(np.round(top / 2 + signal + noise), 0, top)
    return np.ascontiguousarray(x[:, self.order()])
