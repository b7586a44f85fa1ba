"""Checks of the values of a config that do not need TensorFlow."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import ml_collections

from aevb_tf.registry import did_you_mean
from aevb_tf.training.configuration import PARTS, ConfigError

_CHOICES = {
  "binarization": ("none", "fixed", "stochastic"),
  "network": ("mlp", "conv", "table"),
  "output_bias": ("zeros", "data_mean"),
  "jit_compile": ("auto", "on", "off"),
  "dtype_policy": ("float32", "mixed_bfloat16", "mixed_float16"),
  "learning_rate_schedule": ("constant", "cosine"),
}


class _Rule(NamedTuple):
  keys: tuple[str, ...]
  holds: Callable[[Any], bool]
  says: str


def _positive_ints(values: tuple) -> bool:
  return all(type(value) is int and value > 0 for value in values)


_RULES = (
  _Rule(
    (
      "epochs",
      "batch_size",
      "latent_dim",
      "kernel_size",
      "checkpoint_every",
      "keep_checkpoints",
    ),
    lambda value: value >= 1,
    "must be at least 1",
  ),
  _Rule(
    ("early_stopping",),
    lambda value: value >= 0,
    "must be a number of epochs, or 0 to train all epochs",
  ),
  _Rule(("seed",), lambda value: 0 <= value < 2**31, "must be in [0, 2**31)"),
  _Rule(
    ("learning_rate",),
    lambda value: math.isfinite(value) and value > 0,
    "must be positive and finite",
  ),
  _Rule(
    ("parameter_prior_stddev",),
    lambda value: math.isfinite(value) and value >= 0,
    "must be 0 (no prior) or a positive standard deviation",
  ),
  _Rule(
    ("hidden_units", "filters"),
    _positive_ints,
    "must be positive integers, as in 500,200",
  ),
  _Rule(("name", "dataset"), bool, "must not be empty"),
)


def check_values(config: ml_collections.ConfigDict) -> None:
  """Raises an error for invalid values.

  Args:
    config: The complete config.

  Raises:
    ConfigError: A value is invalid; the message names the key.
  """
  for key, choices in _CHOICES.items():
    if config[key] not in choices:
      near = did_you_mean(config[key], choices)
      raise ConfigError(f"--config.{key}={config[key]}: unknown value.{near}")
  for rule in _RULES:
    for key in rule.keys:
      if not rule.holds(config[key]):
        raise ConfigError(f"--config.{key}={config[key]}: {rule.says}.")
  for key in PARTS:
    if not isinstance(config[key].get("name"), str):
      raise ConfigError(f"--config.{key}: must have a name, as in --config.{key}=NAME.")
  if config.network == "conv" and not config.filters:
    raise ConfigError(
      "--config.filters=(): --config.network=conv needs at least one convolution."
    )
  if config.network == "conv" and config.output_bias != "zeros":
    raise ConfigError(
      f"--config.output_bias={config.output_bias}: only for --config.network=mlp."
    )
  if config.prior.name == "conditional" and not config.condition:
    raise ConfigError(
      "--config.prior=conditional: p(z|c) needs a condition, such as"
      " --config.condition=labels."
    )
  if config.encode_mask and not config.missing:
    raise ConfigError(
      "--config.encode_mask=true: there is no mask without --config.missing=true."
    )
  if config.parameter_prior_stddev and not config.scale_to_dataset:
    raise ConfigError(
      f"--config.parameter_prior_stddev={config.parameter_prior_stddev}: the prior counts"
      " once for the data set, so it needs --config.scale_to_dataset=true."
    )
