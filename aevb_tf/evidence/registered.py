"""The names of evidence estimators."""

from typing import Any

from aevb_tf.registry import Registry

_registry = Registry("evidence estimator")
register = _registry.register
names = _registry.names


def name_of(method: Any) -> str:
  """The name of an estimator, or of its class where it is not registered."""
  return _registry.name_of(type(method)) or type(method).__name__


def get(identifier: Any, num_samples: int | None = None) -> Any:
  """An evidence estimator from its name, a dict of its options, or itself.

  Args:
    identifier: Name, `{"name": ..., **options}`, or object.
    num_samples: Added to the options; None leaves the estimator's own.

  Returns:
    The estimator.

  Raises:
    ValueError: The name or an option is unknown, or `num_samples` is given beside an
      object, which has its own.
  """
  if num_samples is not None:
    if isinstance(identifier, str):
      identifier = {"name": identifier}
    if not isinstance(identifier, dict):
      raise ValueError(
        f"num_samples={num_samples!r}: {type(identifier).__name__} has its own number of "
        "samples; give it there."
      )
    identifier = {**identifier, "num_samples": num_samples}
  return _registry.get(identifier)
