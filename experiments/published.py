"""Values read off the paper's figures: nats per example at numbers of training samples.

Test curves of AEVB at 1e6, 1e7 and 1e8 samples; of the others, the end of the curve.
The paper does not tabulate its curves: these numbers are read off the plots, and a
tenth of a nat in them is a guess.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Value(NamedTuple):
  """One number that the paper's plots show."""

  method: str
  latent_dim: int
  train_examples: int  # 0 where the figure has one size only
  samples: int
  split: str
  value: float


_AT = (10**6, 10**7, 10**8)


def _figure2(aevb: Mapping, aevb_train: Mapping, wake_sleep: Mapping) -> list[Value]:
  test = [
    Value("aevb", dim, 0, samples, "test", value)
    for dim, values in aevb.items()
    for samples, value in zip(_AT, values, strict=True)
  ]
  train = [Value("aevb", dim, 0, _AT[-1], "train", v) for dim, v in aevb_train.items()]
  other = [
    Value("wake_sleep", dim, 0, samples, "test", value)
    for dim, values in wake_sleep.items()
    for samples, value in values.items()
  ]
  return test + train + other


FIGURE2_MNIST = _figure2(
  aevb={
    3: (-152.9, -138.0, -133.4),
    5: (-138.9, -124.1, -119.1),
    10: (-128.3, -108.5, -103.6),
    20: (-124.2, -104.7, -100.1),
    200: (-119.9, -103.9, -100.2),
  },
  aevb_train={3: -130.2, 5: -116.3, 10: -100.7, 20: -98.3, 200: -98.6},
  wake_sleep={
    dim: {_AT[-1]: value}
    for dim, value in {
      3: -138.9,
      5: -121.8,
      10: -107.6,
      20: -104.6,
      200: -104.5,
    }.items()
  },
)

FIGURE2_FREY = _figure2(
  aevb={
    2: (673.0, 822.0, 872.0),
    5: (761.0, 1044.0, 1114.0),
    10: (792.0, 1171.0, 1309.0),
    20: (754.0, 1200.0, 1309.0),
  },
  aevb_train={},
  # Flat, and the same for every number of latents.
  wake_sleep={dim: dict.fromkeys(_AT, 569.0) for dim in (2, 5, 10, 20)},
)


def _figure3(values: Mapping) -> list[Value]:
  return [
    Value(method, 3, size, 60 * 10**6, split, value)
    for (method, size), pair in values.items()
    for split, value in zip(("train", "test"), pair, strict=True)
  ]


FIGURE3 = _figure3(
  {
    ("aevb", 1000): (-109.1, -143.2),
    ("wake_sleep", 1000): (-125.5, -144.8),
    ("mcem", 1000): (-109.2, -141.6),
    ("aevb", 50000): (-131.1, -138.1),
    ("wake_sleep", 50000): (-137.1, -140.8),
    ("mcem", 50000): (-148.8, -150.4),
  }
)
