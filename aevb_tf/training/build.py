"""From a config to the parts that it names: data, networks, model, optimizer.

Every name and option is resolved by the registries and by Keras; what they refuse
becomes a `ConfigError` that names the key.
"""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import keras
import ml_collections
import numpy as np

from aevb_tf import bounds, data, likelihoods, networks, posteriors, priors
from aevb_tf.models import VAE
from aevb_tf.registry import did_you_mean
from aevb_tf.training.checks import check_values
from aevb_tf.training.configuration import ConfigError

_REGISTRIES = {
  "posterior": posteriors,
  "prior": priors,
  "likelihood": likelihoods,
  "bound": bounds,
}

# What Keras calls the choices of `jit_compile`.
_JIT_COMPILE = {"auto": "auto", "on": True, "off": False}


def check(config: ml_collections.ConfigDict) -> None:
  """Resolves everything that needs no data, and so finds what is wrong with it.

  Args:
    config: The config, complete.

  Raises:
    ConfigError: Some value is impossible; the message names the key.
  """
  check_values(config)
  for key in _REGISTRIES:
    part(config, key)
  activation(config)
  initializer(config, "kernel_initializer")
  initializer(config, "bias_initializer")
  optimizer(config, steps_per_epoch=1)


def part(config: ml_collections.ConfigDict, key: str) -> Any:
  """Returns the posterior, prior, likelihood or bound of a config, a new object."""
  registry, options = _REGISTRIES[key], config[key].to_dict()
  name = options.pop("name")
  if name not in registry.names():
    near = did_you_mean(name, registry.names())
    raise ConfigError(f"config.{key}={name}: unknown {key}.{near}")
  with _blaming(key):
    _check_options(key, type(registry.get(name)), options)
    return registry.get({"name": name, **options})


def activation(config: ml_collections.ConfigDict) -> Callable:
  """Returns the activation of the hidden layers."""
  return _keras_object("activation", config.activation, keras.activations)


def initializer(config: ml_collections.ConfigDict, key: str) -> Any:
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
  """Returns the step size, or its decay over all steps of the run."""
  if config.learning_rate_schedule == "constant":
    return config.learning_rate
  if steps_per_epoch is None:
    raise ConfigError(
      f"config.learning_rate_schedule={config.learning_rate_schedule}: the size of"
      f" {config.dataset} is not known; use constant."
    )
  return keras.optimizers.schedules.CosineDecay(
    config.learning_rate, decay_steps=config.epochs * steps_per_epoch
  )


def dataset(config: ml_collections.ConfigDict, split: str) -> Any:
  """Returns a split of the data; "train" is shuffled, the others are in order."""
  with _blaming("dataset"):
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
  """Returns the shape of one datum."""
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
    with _blaming("network"):
      encoder, decoder = _networks(config, event_shape(source))
    with _blaming("bound"):
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
  with _blaming("dataset"):
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
  with _blaming("output_bias"):
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


@contextlib.contextmanager
def _blaming(key: str) -> Iterator[None]:
  """Turns what a part refuses into a `ConfigError` about a key."""
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
  with _blaming(key):
    return cls(**options, **extra)


def _keras_object(key, name, module):
  """What Keras calls by this name."""
  known = {
    _snake_case(member)
    for member in dir(module)
    if callable(getattr(module, member)) and not member.endswith("Initializer")
  } - {"get", "serialize", "deserialize"}
  if name.lower() not in known | {known_name.replace("_", "") for known_name in known}:
    raise ConfigError(
      f"config.{key}={name}: unknown to Keras.{did_you_mean(name, known)}"
    )
  with _blaming(key):
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
