"""The distributions of a model's networks, and checks that they fit together.

`Encoder` and `Decoder` define their own posterior and likelihood. Any other
`keras.Model` can be used instead, if the model gets the posterior or the likelihood for
its output:

    encoder(x)  [batch, posterior.params_size(latent_dim)]
    decoder(z)  [batch, *likelihood.params_shape(event_shape)]
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from aevb_tf import likelihoods, posteriors, priors

_PROBABILITIES = ("sigmoid", "hard_sigmoid", "softmax")
# What a model with an encoder has besides its prior.
WITHOUT_PRIOR = ("encoder", "decoder", "posterior_family", "likelihood_family")
_BOUNDED_BELOW = ("relu", "relu6", "softplus", "exponential")


def posterior_of(
  encoder: keras.Model, posterior: posteriors.PosteriorLike | None = None
) -> posteriors.Posterior:
  """The posterior family of an encoder.

  Args:
    encoder: An `Encoder`, or any `keras.Model` together with `posterior`.
    posterior: Name, options or object; None where the encoder names its own.

  Returns:
    A `Posterior`.

  Raises:
    ValueError: Neither or both of the two define the posterior.
  """
  return _family(encoder, "encoder", "posterior", posterior, posteriors.get, "gaussian")


def likelihood_of(
  decoder: keras.Model, likelihood: likelihoods.LikelihoodLike | None = None
) -> likelihoods.Likelihood:
  """The likelihood family of a decoder; as `posterior_of`."""
  return _family(
    decoder, "decoder", "likelihood", likelihood, likelihoods.get, "bernoulli"
  )


def _family(network, role, kind, given, get, example):
  name = type(network).__name__
  if not isinstance(network, keras.Model):
    raise TypeError(
      f"The {role} is a {type(network).__module__}.{name}: give a keras.Model of Keras 3 "
      "(`import keras`, and without TF_USE_LEGACY_KERAS)."
    )
  own = getattr(network, f"{kind}_family", None)
  if own is None and given is None:
    raise ValueError(
      f"The {role} {name} does not define a {kind} for its output. Pass it: "
      f"{kind}={example!r}."
    )
  if own is not None and given is not None:
    raise ValueError(
      f"The {role} {name} has its own {kind}, {type(own).__name__}: leave out "
      f"{kind}={given!r}, or choose it when you create the {role}."
    )
  return own if own is not None else get(given)


def output_shape(network: keras.Model, inputs: Any) -> tuple[int, ...]:
  """Builds a network, and returns the shape of its output for one example.

  Args:
    network: The network.
    inputs: A `keras.Input`, or a pair of two if the model has a condition.

  Raises:
    ValueError: It does not take such data, or does not return one tensor.
  """
  try:
    output = network(inputs)
  except (ValueError, TypeError, AttributeError) as error:
    is_pair = isinstance(inputs, tuple)
    if not (is_pair or isinstance(error, ValueError)):
      raise
    shapes = " and ".join(str(tuple(part.shape)) for part in keras.tree.flatten(inputs))
    pair = "a pair (inputs, condition)" if is_pair else "a batch"
    raise ValueError(
      f"{type(network).__name__} {network.name} cannot take {pair} of shape {shapes}, "
      f"which the model gives it: {error}"
    ) from error
  if isinstance(output, (list, tuple)) and _is_mean_and_log_variance(output):
    (size,) = output[0].shape[1:]
    return (2 * size,)
  if not hasattr(output, "shape"):
    raise ValueError(
      f"{type(network).__name__} must return one tensor, not {type(output).__name__}."
    )
  return tuple(output.shape[1:])


def parameters(
  output: tf.Tensor | Sequence[tf.Tensor], posterior: posteriors.Posterior
) -> tf.Tensor:
  """An encoder's output as one tensor: what the posterior takes.

  Args:
    output: That tensor; or, for a Gaussian, `[mean, log_variance]`, perhaps with a
      sample behind them, as encoders of Keras' own example return.
    posterior: The posterior.

  Raises:
    ValueError: The output is another one.
  """
  if not isinstance(output, (list, tuple)):
    return output
  if posterior.family_name == "gaussian" and _is_mean_and_log_variance(output):
    return tf.concat([tf.cast(part, tf.float32) for part in output[:2]], axis=-1)
  raise ValueError(
    f"The encoder returns {len(output)} tensors; a {posterior.title} posterior takes one, "
    "and only 'gaussian' takes [mean, log_variance]."
  )


def _is_mean_and_log_variance(output):
  shapes = [tuple(getattr(part, "shape", ())[1:]) for part in output]
  return len(output) in (2, 3) and len(shapes[0]) == 1 and len(set(shapes)) == 1


def check_last_activation(
  decoder: keras.Model, likelihood: likelihoods.Likelihood
) -> None:
  """Finds decoders whose last activation is not for their likelihood.

  Args:
    decoder: The decoder; the last layer of a functional or sequential one is known.
    likelihood: The likelihood for its output.

  Raises:
    ValueError: It returns probabilities instead of logits.
  """
  activation = _last_activation(decoder)
  name = likelihoods.name_of(type(likelihood))
  if likelihood.output_kind == "logits" and activation in _PROBABILITIES:
    raise ValueError(
      f"The decoder {decoder.name} ends in a {activation}, but the likelihood {name!r} "
      "takes logits, and applies its own: leave the activation of the last layer out."
    )
  if likelihood.output_kind != "any" and activation in _BOUNDED_BELOW:
    warnings.warn(
      f"The decoder {decoder.name} ends in a {activation}: the parameters of a {name} "
      "likelihood must reach below 0 too. Leave the activation of the last layer out.",
      stacklevel=2,
    )


def check_returns_logits(network: keras.Model, role: str) -> None:
  """Raises a ValueError if a network is known to return probabilities.

  Args:
    network: The network, whose last activation is known if it is functional or sequential.
    role: What it is called in the error.
  """
  activation = _last_activation(network)
  if activation in _PROBABILITIES:
    raise ValueError(
      f"The {role} {network.name} ends in a {activation}, but must return logits: leave "
      "the activation of the last layer out."
    )


def _last_activation(network):
  """The name of a network's last activation, or "" if it is not known.

  It is known for sequential or functional models; layers that reshape may follow it.
  """
  shaping = (keras.layers.Reshape, keras.layers.Flatten, keras.layers.Cropping2D)
  inner = getattr(network, "operations", None)
  if inner is None and isinstance(network, keras.Sequential):
    inner = network.layers
  if inner:
    return _last_activation([op for op in inner if not isinstance(op, shaping)][-1])
  if isinstance(network, keras.Model):  # a subclassed model
    return ""
  activation = getattr(network, "activation", None)
  if activation is None:  # a layer such as ReLU, or `keras.ops.sigmoid`
    return type(network).__name__.lower()
  return getattr(activation, "__name__", "")


def layers_of(model: keras.Model) -> list[keras.layers.Layer]:
  """All layers of a model, outer layers before those within them."""
  return model._flatten_layers(include_self=False)


def freeze(model: keras.Model) -> None:
  """Freezes the variables of layers that are frozen.

  `trainable=False` of a constructor is set before the layer has others within it, or
  variables.
  """
  for layer in layers_of(model):
    if not layer.trainable:
      layer.trainable = True  # otherwise Keras would see no change
      layer.trainable = False


def copied(
  model: Any,
  cls: type,
  config: Mapping[str, Any],
  names: Sequence[str],
  values: Mapping[int, tf.Tensor] | None = None,
) -> Any:
  """An independent model with parts of another one.

  Args:
    model: A built model.
    cls: The class of the copy.
    config: The config of the copy.
    names: The attributes whose variables are copied.
    values: `id` of a variable of the model -> the value that the copy gets instead.

  Returns:
    A built model that shares nothing with the other one, and is not compiled.
  """
  networks = (model.encoder, model.decoder)
  own = {type(network).__name__: type(network) for network in networks}
  copy = cls.from_config(config, custom_objects=own)  # type: ignore[attr-defined]
  copy.build((None, *model.event_shape))
  for name in names:
    ours, theirs = getattr(model, name).variables, getattr(copy, name).variables
    for source, target in zip(ours, theirs, strict=True):
      target.assign((values or {}).get(id(source), source))
  return copy


def frozen_layers(network: keras.Model) -> list[int]:
  """The indices of the frozen layers in `layers_of(network)`."""
  return [i for i, layer in enumerate(layers_of(network)) if not layer.trainable]


def latent_dim_of(
  encoder_output: tuple[int, ...], posterior: posteriors.Posterior, name: str
) -> int:
  """The number of latents of an encoder's output.

  Args:
    encoder_output: Shape of the output for one example.
    posterior: Its `Posterior`.
    name: Name of the encoder in the error.

  Raises:
    ValueError: No number of latents fits.
  """
  if len(encoder_output) == 1:
    for latent_dim in range(1, encoder_output[0] + 1):
      if posterior.params_size(latent_dim) == encoder_output[0]:
        return latent_dim
  raise ValueError(
    f"The encoder {name} returns {encoder_output} for one example; a "
    f"{type(posterior).__name__} posterior of J latents takes a vector, of "
    f"{posterior.params_size(1)} numbers for J=1 and {posterior.params_size(2)} for J=2."
  )


def check_support(posterior: posteriors.Posterior, prior: priors.Prior) -> None:
  """Raises a ValueError if q(z|x) and p(z) have different supports."""
  if prior.support not in (None, posterior.support):
    fitting = {"real": "standard_normal", "positive": "gamma"}
    raise ValueError(
      f"Latents of the posterior {posterior.title} are {posterior.support}, those of "
      f"the prior {type(prior).__name__} {prior.support}. Use a prior on the same "
      f"support, such as prior={fitting[posterior.support]!r}."
    )


def check_needs_no_encoder(prior: priors.Prior, model: str) -> None:
  """Raises a ValueError if the prior uses an encoder, which the model does not have."""
  if prior.needs_encoder:
    raise ValueError(
      f"The prior {type(prior).__name__} uses the encoder's posteriors, and a {model} "
      "has no encoder. Use another prior, such as prior='mixture'."
    )


def check_decoder_output(
  output: tuple[int, ...],
  likelihood: likelihoods.Likelihood,
  event_shape: tuple[int, ...],
  name: str,
) -> None:
  """Raises a ValueError if the output of a decoder does not fit its likelihood."""
  wanted = tuple(likelihood.params_shape(event_shape))
  if tuple(output) != wanted:
    raise ValueError(
      f"The decoder {name} returns {tuple(output)} for one example; a "
      f"{type(likelihood).__name__} likelihood of data {tuple(event_shape)} takes {wanted}."
    )
