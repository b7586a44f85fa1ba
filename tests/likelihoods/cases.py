"""Options and targets with which every registered likelihood is tried."""

import numpy as np

from aevb_tf import likelihoods

# What a likelihood needs besides its name.
_COLUMNS = [
  "gaussian",
  "poisson",
  {"name": "category", "levels": 4},
  "gaussian",
  {"name": "gaussian", "scale": "shared"},
  {"name": "ordinal", "levels": 3},
  "beta",
  "log_normal",
  {"name": "gaussian", "scale": "shared"},
]
_OPTIONS = {
  "category": {"levels": 4},
  "columns": {"columns": _COLUMNS},
  "ordinal": {"levels": 4},
}

# The shapes of small examples, if they are not (2, 2, 1).
_SHAPES = {
  "columns": (len(_COLUMNS),),
  "multinomial": (2, 2, 3),
  "one_hot": (2, 2, 3),
}

_LEVELS = np.arange(256) / 255
_COUNTS = np.array([0, 0, 1, 1, 2, 3, 5, 8, 13, 40, 1000])
_REALS = np.array([-1e3, -2.5, -0.1, 0.0, 0.3, 1.0, 4.0, 1e3])

# The targets of each, if they are not images of 8-bit levels divided by 255.
_VALUES = {
  "beta": np.array([1e-6, 0.1, 0.5, 0.7, 0.99, 1 - 2.0**-24]),
  "category": np.arange(4),
  "columns": np.arange(2),  # `data` has those of each column
  "laplace": _REALS,
  "log_normal": np.array([1e-6, 0.1, 0.5, 1.0, 2.0, 10.0, 1e6]),
  "multinomial": _COUNTS,
  "negative_binomial": _COUNTS,
  "one_hot": np.arange(2),
  "ordinal": np.arange(4),
  "poisson": _COUNTS,
  "student_t": _REALS,
}


def identifier(name):
  """A likelihood of this name, as `likelihoods.get` takes it."""
  return {"name": name, **_OPTIONS[name]} if name in _OPTIONS else name


def name_of(likelihood):
  """The registered name of a name or a name with options."""
  return likelihood if isinstance(likelihood, str) else likelihood["name"]


def event_shape(name):
  """Shape of a small example."""
  return _SHAPES.get(name, (2, 2, 1))


def takes_images(name):
  """Whether images of 8-bit levels divided by 255 are the targets."""
  return name not in _VALUES


def values(likelihood):
  """float32 vector of targets of single elements."""
  return np.float32(_VALUES.get(name_of(likelihood), _LEVELS))


def data(likelihood, rng, shape, moderate=False):
  """float32 targets of this shape, without the extreme ones if `moderate`."""
  if name_of(likelihood) == "one_hot":
    return _one_hot(rng, shape, likelihoods.get(likelihood).groups or shape[-1:])
  if name_of(likelihood) == "columns":
    return _table(rng, shape, likelihood, moderate)
  possible = values(likelihood)
  if not isinstance(likelihood, str) and "levels" in likelihood:
    possible = possible[: likelihood["levels"]]
  size = np.abs(possible)
  if moderate and name_of(likelihood) in _VALUES:
    possible = possible[(size < 20) & ((size == 0) | (size >= 0.1))]
  return rng.choice(possible, size=shape)


def _one_hot(rng, shape, groups):
  starts = np.cumsum([0, *groups[:-1]])
  x = np.zeros(shape, np.float32)
  hot = starts + rng.integers(groups, size=(*shape[:-1], len(groups)))
  np.put_along_axis(x, hot, 1.0, axis=-1)
  return x


def _table(rng, shape, likelihood, moderate):
  columns = (identifier(likelihood) if isinstance(likelihood, str) else likelihood)[
    "columns"
  ]
  parts = [data(column, rng, (*shape[:-1], 1), moderate) for column in columns]
  return np.concatenate(parts, axis=-1)
