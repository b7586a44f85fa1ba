"""The names of evidence estimators."""

from typing import Any

from aevb_tf.registry import Registry

_registry = Registry("evidence estimator")
register = _registry.register
names = _registry.names


def name_of(method: Any) -> str:
  """The registered name of an estimator, or the name of its class."""
  return _registry.name_of(type(method)) or type(method).__name__


def get(identifier: Any, num_samples: int | None = None) -> Any:
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
  if num_samples is not None:
    if isinstance(identifier, str):
      identifier = {"name": identifier}
    if not isinstance(identifier, dict):
      raise ValueError(
        f"num_samples={num_samples!r}: the method is an object with its own number of "
        f"samples; pass num_samples to {type(identifier).__name__} instead."
      )
    identifier = {**identifier, "num_samples": num_samples}
  return _registry.get(identifier)
