"""The names of evidence estimators."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import tensorflow as tf

from aevb_tf.evidence.results import PerExample
from aevb_tf.protocols import Model
from aevb_tf.registry import Options, Registry, with_num_samples


class Estimator(Protocol):
  """An estimator of log p(x).

  Attributes:
    num_samples: Samples, or chains, for each example.
  """

  num_samples: int

  def __call__(
    self,
    model: Model,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    advance: Callable[[float], None],
  ) -> PerExample:
    """Estimates log p(x) of a batch; arguments as for `Importance`."""


EstimatorLike: TypeAlias = str | Options | Estimator

_registry: Registry[Estimator] = Registry("evidence estimator")
register = _registry.register
names = _registry.names


def name_of(method: Estimator) -> str:
  """The registered name of an estimator, or the name of its class."""
  return _registry.name_of(type(method)) or type(method).__name__


def get(identifier: EstimatorLike, num_samples: int | None = None) -> Estimator:
  """Returns an evidence estimator by name, options or object.

  Args:
    identifier: Name, `{"name": ..., **options}`, or object.
    num_samples: Added to the options; None leaves the estimator's own number.

  Returns:
    The estimator.

  Raises:
    ValueError: The name or an option is unknown, or `num_samples` is given with an
      object, which has its own.
  """
  return _registry.get(with_num_samples(identifier, num_samples))
