"""Builds the data and the compiled model of a config."""

import contextlib
from collections.abc import Callable, Iterator
from typing import cast

import keras
import ml_collections
import numpy as np
import tensorflow as tf

from aevb_tf import data, networks
from aevb_tf.data import Loaded
from aevb_tf.loops import resident
from aevb_tf.models import VAE, tables
from aevb_tf.tables import Schema
from aevb_tf.training import checks, conditions
from aevb_tf.training.blaming import REGISTRIES, blaming
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.parts import (
  activation,
  initializer,
  optimizer,
  part,
)

# Keras' values of `jit_compile`.
_JIT_COMPILE = {"auto": "auto", "on": True, "off": False}


def check(config: ml_collections.ConfigDict) -> None:
  """Checks everything in a config that can be checked without data.

  Args:
    config: The complete config.

  Raises:
    ConfigError: A value is invalid; the message names the key.
  """
  checks.check_values(config)
  for key in REGISTRIES:
    part(config, key)
  activation(config)
  initializer(config, "kernel_initializer")
  initializer(config, "bias_initializer")
  optimizer(config, steps_per_epoch=1)


def dataset(
  config: ml_collections.ConfigDict,
  split: str,
  schema: Schema | None = None,
  shuffle: bool | None = None,
) -> Loaded:
  """Returns a split of the data.

  Args:
    config: The checked config.
    split: The split.
    shuffle: Whether to shuffle it in each epoch; None shuffles "train" alone.
    schema: That of all columns of a trained model, if the data are a table; None uses the
      file that the config names, or infers it.
  """
  condition = conditions.columns(config)
  with blaming(config, "dataset", "schema", *(["condition"] if condition else [])):
    return data.load(
      config.dataset,
      split=split,
      batch_size=config.batch_size,
      binarization=config.binarization,
      shuffle=split == "train" if shuffle is None else shuffle,
      seed=config.seed,
      data_dir=config.data_dir or None,
      missing=config.missing,
      schema=schema or config.schema or None,
      condition=condition,
    )


def go_to_epoch(source: Loaded, epoch: int) -> None:
  """Sets the epoch of the next pass over a data set: its order and binarization."""
  if hasattr(getattr(source, "epoch", None), "assign"):  # a stream's is a variable
    cast(tf.Variable, source.epoch).assign(epoch)
  else:
    source.epoch = epoch


def num_examples(source: Loaded) -> int | None:
  """Returns N, or None for a stream of unknown length."""
  return getattr(source, "num_examples", None)


def num_batches(source: Loaded) -> int | None:
  """Returns the number of minibatches in an epoch, or None if it is not known."""
  if hasattr(source, "num_examples"):
    return len(source)
  return max(int(source.cardinality()), 0) or None


def event_shape(source: Loaded) -> tuple[int, ...]:
  """Returns the shape of one example."""
  if hasattr(source, "event_shape"):
    return tuple(source.event_shape)
  return tuple(source.element_spec[0].shape[1:])


def model(
  config: ml_collections.ConfigDict, source: Loaded, make: Callable | None = None
) -> keras.Model:
  """Creates and compiles the model, with weights drawn from the seed of the config.

  Args:
    config: The checked config.
    source: The training data, for their shape and number.
    make: Function `(config, encoder, decoder, **options) -> model`, where the options
      are those of all kinds of models; None creates a `VAE`.

  Returns:
    A compiled model.

  Raises:
    ConfigError: The parts do not fit together.
  """
  size = num_examples(source)
  if config.scale_to_dataset and size is None:
    raise ConfigError(
      f"--config.scale_to_dataset=true: the number of examples in {config.dataset} is"
      " unknown. Use --config.scale_to_dataset=false."
    )
  keras.utils.set_random_seed(config.seed)
  with _dtype_policy(config.dtype_policy):
    with blaming(config, "network", "posterior", "likelihood"):
      encoder, decoder = _networks(config, source)
    condition = conditions.condition(config, source)
    with blaming(config, "bound", "posterior", "prior", "condition"):
      built = (make or _vae)(
        config,
        encoder,
        decoder,
        prior=part(config, "prior"),
        dataset_size=size if config.scale_to_dataset else None,
        parameter_prior_stddev=config.parameter_prior_stddev or None,
        seed=config.seed,
        missing=_missing(config, source),
        **({} if condition is None else {"condition": condition}),
        **({} if make else {"schema": getattr(source, "schema", None)}),
      )
    if config.output_bias == "data_mean":
      _start_at_mean(config, decoder, source)
    built.compile(
      optimizer=optimizer(config, num_batches(source)),
      jit_compile=_JIT_COMPILE[config.jit_compile],
    )
  built.optimizer.build(built.trainable_variables)
  return built


def check_data(
  config: ml_collections.ConfigDict, vae: keras.Model, source: Loaded
) -> None:
  """Raises an error for data that a model cannot score; warns of a misfit.

  Args:
    config: The config.
    vae: The model.
    source: A split; for a stream, only the shape can be checked before training.

  Raises:
    ConfigError: The shape, a value or a label of the data does not fit the model.
  """
  check_values(config, vae, source)
  conditions.check(config, vae.condition, source)


def check_values(
  config: ml_collections.ConfigDict, vae: keras.Model, source: Loaded
) -> None:
  """`check_data` without the labels."""
  no_examples = np.empty((0, *event_shape(source)), np.uint8)
  sample = resident.sample(source) if resident.is_resident(source) else None
  with blaming(config, "dataset"):
    vae.check_data(getattr(source, "x", no_examples), sample)


def _missing(config, source):
  """The argument `missing` of the model: the encoder sees the mean of what is observed."""
  if not config.missing:
    return False
  if config.network == "table":
    fill_value = tables.missing_of(source.schema)["fill_value"]
    return {"encode_mask": config.encode_mask, "fill_value": fill_value}
  mean = source.mean() if hasattr(source, "mean") else 0.0
  return {"encode_mask": config.encode_mask, "fill_value": mean}


def _vae(config, encoder, decoder, **options):
  return VAE(encoder, decoder, bound=part(config, "bound"), **options)


def _networks(config, source):
  shape = event_shape(source)
  if config.network == "conv" and len(shape) != 3:
    raise ConfigError(
      f"--config.network=conv: the examples of {config.dataset} have shape {shape}, and"
      " convolutions need images, (height, width, channels). Use --config.network=mlp."
    )
  options = {"hidden_units": config.hidden_units, "activation": activation(config)}
  encoder = {"latent_dim": config.latent_dim, "posterior": part(config, "posterior")}
  decoder = {"event_shape": shape, "likelihood": part(config, "likelihood")}
  if config.network == "table":
    return _networks_of_table(config, source, options)
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


def _networks_of_table(config, source, options):
  schema = getattr(source, "schema", None)
  if schema is None:
    raise ConfigError(
      f"--config.network=table: {config.dataset} is not a table, such as a .csv file. Use"
      " --config.network=mlp."
    )
  posterior, likelihood = part(config, "posterior"), part(config, "likelihood")
  return (
    tables.encoder_of(schema, config.latent_dim, posterior=posterior, **options),
    tables.decoder_of(
      schema, likelihood, **options | _reversed(options, "hidden_units")
    ),
  )


def _start_at_mean(config, decoder, source):
  if config.network == "table":
    return tables.start(decoder, source.schema)
  if not hasattr(source, "mean"):
    raise ConfigError(
      "--config.output_bias=data_mean: the data do not fit into memory. Use"
      " --config.output_bias=zeros."
    )
  with blaming(config, "output_bias", "likelihood"):
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
