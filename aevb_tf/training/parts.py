"""The parts that a config names: posterior, bound, initializer, optimizer and so on.

Names and options are resolved by the registries and by Keras. Their errors become a
`ConfigError` that names the key.
"""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import keras
import ml_collections

from aevb_tf import bounds, likelihoods, posteriors, priors
from aevb_tf.registry import did_you_mean
from aevb_tf.training.configuration import ConfigError

REGISTRIES = {
  "posterior": posteriors,
  "prior": priors,
  "likelihood": likelihoods,
  "bound": bounds,
}


def part(config: ml_collections.ConfigDict, key: str) -> Any:
  """Returns the posterior, prior, likelihood or bound of a config, a new object."""
  registry, options = REGISTRIES[key], config[key].to_dict()
  name = options.pop("name")
  if name not in registry.names():
    near = did_you_mean(name, registry.names())
    raise ConfigError(f"config.{key}={name}: unknown {key}.{near}")
  with blaming(key):
    _check_options(key, type(registry.get(name)), options)
    return registry.get({"name": name, **options})


def activation(config: ml_collections.ConfigDict) -> Callable:
  """Returns the activation of the hidden layers."""
  return _keras_object("activation", config.activation, keras.activations)


def initializer(
  config: ml_collections.ConfigDict, key: str
) -> keras.initializers.Initializer:
  """Returns an initializer, `kernel_initializer` or `bias_initializer`."""
  return _keras_part(config, key, keras.initializers)


def optimizer(
  config: ml_collections.ConfigDict, steps_per_epoch: int | None
) -> keras.optimizers.Optimizer:
  """Returns the optimizer, with its learning rate or schedule."""
  rate = learning_rate(config, steps_per_epoch)
  return _keras_part(config, "optimizer", keras.optimizers, learning_rate=rate)


def learning_rate(
  config: ml_collections.ConfigDict, steps_per_epoch: int | None
) -> float | keras.optimizers.schedules.LearningRateSchedule:
  """Returns the learning rate, or its schedule over all steps of the run."""
  if config.learning_rate_schedule == "constant":
    return config.learning_rate
  if steps_per_epoch is None:
    raise ConfigError(
      f"config.learning_rate_schedule={config.learning_rate_schedule}: the number of"
      f" examples in {config.dataset} is unknown; use constant."
    )
  return keras.optimizers.schedules.CosineDecay(
    config.learning_rate, decay_steps=config.epochs * steps_per_epoch
  )


@contextlib.contextmanager
def blaming(key: str) -> Iterator[None]:
  """Converts the errors of a part into a `ConfigError` about a key."""
  try:
    yield
  except ConfigError:
    raise
  except (OSError, TypeError, ValueError) as error:
    message = " ".join(str(error).split())
    raise ConfigError(f"config.{key}: {message}") from error


def _keras_part(config, key, module, **extra):
  options = config[key].to_dict()
  cls = type(_keras_object(key, options.pop("name"), module))
  if clash := sorted(extra.keys() & options):
    raise ConfigError(f"config.{key}.{clash[0]}: set config.{clash[0]} instead.")
  _check_options(key, cls, options)
  with blaming(key):
    return cls(**options, **extra)


def _keras_object(key, name, module):
  """Returns the Keras object with this name."""
  known = {
    _snake_case(member)
    for member in dir(module)
    if callable(getattr(module, member)) and not member.endswith("Initializer")
  } - {"get", "serialize", "deserialize"}
  if name.lower() not in known | {known_name.replace("_", "") for known_name in known}:
    raise ConfigError(
      f"config.{key}={name}: unknown to Keras.{did_you_mean(name, known)}"
    )
  with blaming(key):
    return module.get(name)


def _snake_case(name: str) -> str:
  """GlorotUniform -> glorot_uniform."""
  return "".join(
    f"_{c.lower()}" if c.isupper() and i and not name[i - 1].isupper() else c.lower()
    for i, c in enumerate(name)
  )


def _check_options(key: str, cls: type, options: dict) -> None:
  parameters = inspect.signature(cls).parameters.values()
  known = [
    p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
  ]
  for option in options:
    if option not in known:
      near = did_you_mean(option, known) if known else " It has no options."
      raise ConfigError(
        f"config.{key}.{option}: {cls.__name__} has no such option.{near}"
      )
