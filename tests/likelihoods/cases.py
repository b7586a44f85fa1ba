"""Options and targets with which every registered likelihood is tried."""

import numpy as np

from aevb_tf import likelihoods

# What a likelihood needs besides its name.
_OPTIONS: dict[str, dict] = {}

# The shapes of small examples, if they are not (2, 2, 1).
_SHAPES: dict[str, tuple[int, ...]] = {}

_LEVELS = np.arange(256) / 255
_COUNTS = np.array([0, 0, 1, 1, 2, 3, 5, 8, 13, 40, 1000])
_REALS = np.array([-1e3, -2.5, -0.1, 0.0, 0.3, 1.0, 4.0, 1e3])

# The targets of each, if they are not images of 8-bit levels divided by 255.
_VALUES = {
  "laplace": _REALS,
  "log_normal": np.array([1e-6, 0.1, 0.5, 1.0, 2.0, 10.0, 1e6]),
  "negative_binomial": _COUNTS,
  "poisson": _COUNTS,
  "student_t": _REALS,
}


def identifier(name):
  """A likelihood of this name, as `likelihoods.get` takes it."""
  return {"name": name, **_OPTIONS[name]} if name in _OPTIONS else name


def name_of(likelihood):
  """The registered name of an identifier."""
  return likelihoods.name_of(type(likelihoods.get(likelihood)))


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
  possible = values(likelihood)
  size = np.abs(possible)
  if moderate and name_of(likelihood) in _VALUES:
    possible = possible[(size < 20) & ((size == 0) | (size >= 0.1))]
  return rng.choice(possible, size=shape)
