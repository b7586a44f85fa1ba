"""Which distributions the networks of a model speak of.

`Encoder` and `Decoder` name their own posterior and likelihood. Any other
`keras.Model` fits in their place, if the model is told what its output means:

    encoder(x)  [batch, posterior.params_size(latent_dim)]
    decoder(z)  [batch, *likelihood.params_shape(event_shape)]
"""

from typing import Any

import keras

from aevb_tf import likelihoods, posteriors, priors


def posterior_of(encoder: keras.Model, posterior: Any = None) -> posteriors.Posterior:
  """The posterior family of an encoder.

  Args:
    encoder: An `Encoder`, or any `keras.Model` together with `posterior`.
    posterior: Name, options or object; None where the encoder names its own.

  Returns:
    A `Posterior`.

  Raises:
    ValueError: Neither or both of the two say which posterior it is.
  """
  return _family(encoder, "encoder", "posterior", posterior, posteriors.get, "gaussian")


def likelihood_of(
  decoder: keras.Model, likelihood: Any = None
) -> likelihoods.Likelihood:
  """The likelihood family of a decoder; as `posterior_of`."""
  return _family(
    decoder, "decoder", "likelihood", likelihood, likelihoods.get, "bernoulli"
  )


def _family(network, role, kind, given, get, example):
  own = getattr(network, f"{kind}_family", None)
  name = type(network).__name__
  if own is None and given is None:
    raise ValueError(
      f"The {role} {name} does not say which {kind} its output stands for. Pass it: "
      f"{kind}={example!r}."
    )
  if own is not None and given is not None:
    raise ValueError(
      f"The {role} {name} has its own {kind}, {type(own).__name__}: leave out "
      f"{kind}={given!r}, or choose it when you make the {role}."
    )
  return own if own is not None else get(given)


def output_shape(network: keras.Model, event_shape: tuple[int, ...]) -> tuple[int, ...]:
  """Builds a network for data of a shape, and says what it returns for one datum."""
  output = network(keras.Input(event_shape))
  if not hasattr(output, "shape"):
    raise ValueError(
      f"{type(network).__name__} has to return one tensor, not {type(output).__name__}."
    )
  return tuple(output.shape[1:])


def latent_dim_of(
  encoder_output: tuple[int, ...], posterior: posteriors.Posterior, name: str
) -> int:
  """The number of latents of an encoder's output.

  Args:
    encoder_output: Shape of the output for one datum.
    posterior: Its `Posterior`.
    name: What to call the encoder in the error.

  Raises:
    ValueError: No number of latents fits.
  """
  if len(encoder_output) == 1:
    for latent_dim in range(1, encoder_output[0] + 1):
      if posterior.params_size(latent_dim) == encoder_output[0]:
        return latent_dim
  raise ValueError(
    f"The encoder {name} returns {encoder_output} for one datum; a "
    f"{type(posterior).__name__} posterior of J latents takes a vector, of "
    f"{posterior.params_size(1)} numbers for J=1 and {posterior.params_size(2)} for J=2."
  )


def check_support(posterior: posteriors.Posterior, prior: priors.Prior) -> None:
  """Raises a ValueError where q(z|x) and p(z) live in different places."""
  if prior.support not in (None, posterior.support):
    fitting = {"real": "standard_normal", "positive": "gamma"}
    raise ValueError(
      f"Latents of the posterior {posterior.title} are {posterior.support}, those of "
      f"the prior {type(prior).__name__} {prior.support}. Use a prior on the same "
      f"support, such as prior={fitting[posterior.support]!r}."
    )


def check_needs_no_encoder(prior: priors.Prior, model: str) -> None:
  """Raises a ValueError where p(z) is made of an encoder that a model does not have."""
  if prior.needs_encoder:
    raise ValueError(
      f"The prior {type(prior).__name__} is made of the encoder's posteriors, and a "
      f"{model} has no encoder. Use a prior of its own, such as prior='mixture'."
    )


def check_decoder_output(
  output: tuple[int, ...],
  likelihood: likelihoods.Likelihood,
  event_shape: tuple[int, ...],
  name: str,
) -> None:
  """Raises a ValueError where a decoder does not give what its likelihood takes."""
  wanted = tuple(likelihood.params_shape(event_shape))
  if tuple(output) != wanted:
    raise ValueError(
      f"The decoder {name} returns {tuple(output)} for one datum; a "
      f"{type(likelihood).__name__} likelihood of data {tuple(event_shape)} takes {wanted}."
    )
