"""The variational auto-encoder (sections 2 and 3).

q(z|x) = encoder,   p(x|z) = decoder,   p(z) = prior
maximise  E_q[log p(x|z)] - KL(q(z|x) || p(z))   by its gradient through z = g(eps, x)
"""

from typing import Any

import keras

from aevb_tf import bounds, likelihoods, posteriors, priors
from aevb_tf.models.autoencoder import Autoencoder
from aevb_tf.models.generative import GenerativeModel
from aevb_tf.models.missing import MissingLike


@keras.saving.register_keras_serializable(package="aevb_tf")
class VAE(Autoencoder, GenerativeModel):
  """Encoder, decoder and prior, trained together with a bound on log p(x).

  Args:
    encoder: x -> parameters of q(z|x): an `aevb_tf.networks.Encoder`, or any
      `keras.Model` together with `posterior`.
    decoder: z -> parameters of p(x|z): an `aevb_tf.networks.Decoder`, or any
      `keras.Model` together with `likelihood`.
    prior: Name, options or object of `aevb_tf.priors`; the standard normal by default.
    bound: Name, options or object of `aevb_tf.bounds`; `SGVB("B", 1)` by default.
    dataset_size: N, to scale the bound of a minibatch to the data set (eq. 8).
    parameter_prior_stddev: Standard deviation of a Gaussian prior on all parameters
      (MAP); needs `dataset_size`.
    seed: Seed of the noise in training and evaluation; None draws one.
    posterior: For an encoder that does not name its own.
    likelihood: For a decoder that does not name its own.
    missing: Whether examples may have missing values, NaN: the bound is then that of the
      observed values, and the encoder sees 0 in place of the others. Or options, such
      as `{"encode_mask": True, "fill_value": mean}`; see `aevb_tf.models.missing`.

  Raises:
    ValueError: The parts do not fit together; the message says which and why.
  """

  def __init__(
    self,
    encoder: keras.Model,
    decoder: keras.Model,
    prior: priors.PriorLike | None = None,
    bound: bounds.BoundLike | None = None,
    dataset_size: int | None = None,
    parameter_prior_stddev: float | None = None,
    seed: int | None = None,
    posterior: posteriors.PosteriorLike | None = None,
    likelihood: likelihoods.LikelihoodLike | None = None,
    missing: MissingLike = False,
    **kwargs: Any,
  ):
    super().__init__(dataset_size, parameter_prior_stddev, seed, missing, **kwargs)
    self.set_parts(encoder, decoder, prior, bound, posterior, likelihood)

  def get_config(self):
    bound = keras.saving.serialize_keras_object(self.bound)
    return {**super().get_config(), "bound": bound}
