"""From a config to data and a compiled model, of the parts that it names."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import ml_collections
import numpy as np

from aevb_tf import data, networks
from aevb_tf.models import VAE
from aevb_tf.training.checks import check_values
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.parts import (
  REGISTRIES,
  activation,
  blaming,
  initializer,
  optimizer,
  part,
)

# What Keras calls the choices of `jit_compile`.
_JIT_COMPILE = {"auto": "auto", "on": True, "off": False}


def check(config: ml_collections.ConfigDict) -> None:
  """Resolves everything that needs no data, and so finds what is wrong with it.

  Args:
    config: The config, complete.

  Raises:
    ConfigError: Some value is out of range; the message names the key.
  """
  check_values(config)
  for key in REGISTRIES:
    part(config, key)
  activation(config)
  initializer(config, "kernel_initializer")
  initializer(config, "bias_initializer")
  optimizer(config, steps_per_epoch=1)


def dataset(config: ml_collections.ConfigDict, split: str) -> Any:
  """Returns a split of the data; "train" is shuffled, the others are in order."""
  with blaming("dataset"):
    return data.load(
      config.dataset,
      split=split,
      batch_size=config.batch_size,
      binarization=config.binarization,
      shuffle=split == "train",
      seed=config.seed,
      data_dir=config.data_dir or None,
    )


def go_to_epoch(source: Any, epoch: int) -> None:
  """Lets the next pass over a data set be that of an epoch, with its order and bits."""
  if hasattr(getattr(source, "epoch", None), "assign"):  # a stream's is a variable
    source.epoch.assign(epoch)
  else:
    source.epoch = epoch


def num_examples(source: Any) -> int | None:
  """Returns N, or None for a stream of unknown length."""
  return getattr(source, "num_examples", None)


def num_batches(source: Any) -> int | None:
  """Returns the minibatches of an epoch, or None for a stream of unknown length."""
  if hasattr(source, "num_examples"):
    return len(source)
  return max(int(source.cardinality()), 0) or None


def event_shape(source: Any) -> tuple[int, ...]:
  """Returns the shape of one example."""
  if hasattr(source, "event_shape"):
    return tuple(source.event_shape)
  return tuple(source.element_spec[0].shape[1:])


def model(
  config: ml_collections.ConfigDict, source: Any, make: Callable | None = None
) -> keras.Model:
  """Makes the model, its weights drawn from the config's seed, and compiles it.

  Args:
    config: The config, checked.
    source: The training data: their shape and number count.
    make: What kind of model: `(config, encoder, decoder, **options) -> model`, where the
      options are those that all kinds take; None makes a `VAE`.

  Returns:
    A compiled model.

  Raises:
    ConfigError: The parts do not fit together.
  """
  size = num_examples(source)
  if config.scale_to_dataset and size is None:
    raise ConfigError(
      f"config.scale_to_dataset: the size of {config.dataset} is not known."
    )
  keras.utils.set_random_seed(config.seed)
  with _dtype_policy(config.dtype_policy):
    with blaming("network"):
      encoder, decoder = _networks(config, event_shape(source))
    with blaming("bound"):
      made = (make or _vae)(
        config,
        encoder,
        decoder,
        prior=part(config, "prior"),
        dataset_size=size if config.scale_to_dataset else None,
        parameter_prior_stddev=config.parameter_prior_stddev or None,
        seed=config.seed,
      )
    if config.output_bias == "data_mean":
      _start_at_mean(decoder, source)
    made.compile(
      optimizer=optimizer(config, num_batches(source)),
      jit_compile=_JIT_COMPILE[config.jit_compile],
    )
  made.optimizer.build(made.trainable_variables)
  return made


def check_data(made: keras.Model, source: Any) -> None:
  """Refuses data that a model cannot score.

  Args:
    made: The model.
    source: A split; of a stream, only the shape is known before a step meets it.

  Raises:
    ConfigError: The shape of an example, or some value, does not fit the model.
  """
  nothing = np.empty((0, *event_shape(source)), np.uint8)
  with blaming("dataset"):
    made.check_data(getattr(source, "x", nothing))


def _vae(config, encoder, decoder, **options):
  return VAE(encoder, decoder, bound=part(config, "bound"), **options)


def _networks(config, shape):
  options = {"hidden_units": config.hidden_units, "activation": activation(config)}
  encoder = {"latent_dim": config.latent_dim, "posterior": part(config, "posterior")}
  decoder = {"event_shape": shape, "likelihood": part(config, "likelihood")}
  if config.network == "mlp":
    for key in ("kernel_initializer", "bias_initializer"):
      options[key] = initializer(config, key)
    return (
      networks.MLPEncoder(**encoder, **options),
      networks.MLPDecoder(**decoder, **options | _reversed(options, "hidden_units")),
    )
  options |= {"filters": config.filters, "kernel_size": config.kernel_size}
  mirrored = _reversed(options, "hidden_units", "filters")
  return (
    networks.ConvEncoder(**encoder, **options),
    networks.ConvDecoder(**decoder, **options | mirrored),
  )


def _start_at_mean(decoder, source):
  if not hasattr(source, "mean"):
    raise ConfigError(
      "config.output_bias=data_mean: the data do not fit in memory; use zeros."
    )
  with blaming("output_bias"):
    decoder.start_at_mean(source.mean())


def _reversed(options, *keys):
  return {key: options[key][::-1] for key in keys}


@contextlib.contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
  before = keras.config.dtype_policy()
  keras.config.set_dtype_policy(name)
  try:
    yield
  finally:
    keras.config.set_dtype_policy(before)
