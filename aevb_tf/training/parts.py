"""The parts that a config names: posterior, bound, initializer, optimizer and so on.

Names and options are resolved by the registries and by Keras. Their errors become a
`ConfigError` that names the flags.
"""

import inspect
from collections.abc import Callable
from typing import Any

import keras
import ml_collections

from aevb_tf.registry import did_you_mean
from aevb_tf.training.blaming import REGISTRIES, blaming
from aevb_tf.training.configuration import ConfigError


def part(config: ml_collections.ConfigDict, key: str) -> Any:
  """Returns the posterior, prior, likelihood or bound of a config, a new object."""
  registry, options = REGISTRIES[key], config[key].to_dict()
  name = options.pop("name")
  if name not in registry.names():
    near = did_you_mean(name, registry.names())
    raise ConfigError(f"--config.{key}={name}: unknown {key}.{near}")
  with blaming(config, key):
    _check_options(key, type(registry.get(name)), options)
    try:
      return registry.get({"name": name, **options})
    except ValueError as error:
      raise ValueError(error.__cause__) from error  # what the constructor says


def activation(config: ml_collections.ConfigDict) -> Callable:
  """Returns the activation of the hidden layers."""
  return _keras_object(config, "activation", config.activation, keras.activations)


def initializer(
  config: ml_collections.ConfigDict, key: str
) -> keras.initializers.Initializer:
  """Returns an initializer, `kernel_initializer` or `bias_initializer`."""
  found = _keras_part(config, key, keras.initializers)
  with blaming(config, key):
    found({"kernel_initializer": (2, 2), "bias_initializer": (2,)}[key])
  return found


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
      f"--config.learning_rate_schedule={config.learning_rate_schedule}: the number of"
      f" examples in {config.dataset} is unknown. Use"
      " --config.learning_rate_schedule=constant."
    )
  return keras.optimizers.schedules.CosineDecay(
    config.learning_rate, decay_steps=config.epochs * steps_per_epoch
  )


def _keras_part(config, key, module, **extra):
  options = config[key].to_dict()
  cls = type(_keras_object(config, key, options.pop("name"), module))
  if clash := sorted(extra.keys() & options):
    raise ConfigError(f"--config.{key}.{clash[0]}: set --config.{clash[0]} instead.")
  _check_options(key, cls, options)
  with blaming(config, key):
    return cls(**options, **extra)


def _keras_object(config, key, name, module):
  """Returns the Keras object with this name."""
  known = {
    _snake_case(member)
    for member in dir(module)
    if callable(getattr(module, member)) and not member.endswith("Initializer")
  } - {"get", "serialize", "deserialize"}
  if name.lower() not in known | {known_name.replace("_", "") for known_name in known}:
    raise ConfigError(
      f"--config.{key}={name}: unknown to Keras.{did_you_mean(name, known)}"
    )
  with blaming(config, key):
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
        f"--config.{key}.{option}: {cls.__name__} has no such option.{near}"
      )
