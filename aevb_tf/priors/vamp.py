"""VampPrior: a mixture of the posteriors of learned pseudo-inputs.

    p(z) = (1/C) sum_c q(z|u_c)

The density needs the model's encoder, so the model calls `connect` before `build`. The
support is that of the posterior.

References:
  Tomczak, Welling. VAE with a VampPrior. AISTATS 2018.
"""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.priors.base import Encode, Prior, Sampler, registry
from aevb_tf.priors.components import choose
from aevb_tf.types import NOT_BUILT, Seed


@registry.register("vamp", package="aevb_tf.priors")
class VampPrior(Prior):
  """Mixture of the posteriors of `pseudo_inputs`, float32 `[C, *event_shape]`.

  They are initialized uniformly in (0, 1), the range of pixels, and are not constrained
  to it. To start from data, call `prior.pseudo_inputs.assign(x[:C])` once the model is
  built.

  Args:
    num_components: C, the number of pseudo-inputs.

  Raises:
    ValueError: `num_components` is not positive.
  """

  support = None
  needs_encoder = True

  def __init__(self, num_components: int = 50, **kwargs: Any):
    super().__init__(**kwargs)
    if isinstance(num_components, bool) or num_components < 1:
      raise ValueError(f"num_components={num_components!r} must be positive.")
    self.num_components = int(num_components)
    self._encode: Encode = NOT_BUILT
    self._posterior: _Untracked = NOT_BUILT
    self._event_shape: tuple[int, ...] = NOT_BUILT

  def connect(
    self, encode: Encode, posterior: Sampler, event_shape: tuple[int, ...]
  ) -> None:
    self._encode, self._event_shape = encode, event_shape
    # Hidden from Keras: the posterior belongs to the encoder, which saves it.
    self._posterior = _Untracked(posterior)

  def get_build_config(self) -> None:
    """Returns None: only the model can build this prior again."""

  def build(self, latent_shape: tuple[int]) -> None:
    if self._encode is None:
      raise ValueError(
        "A VampPrior is a mixture of the encoder's posteriors. Pass it to a model, "
        "VAE(encoder, decoder, prior='vamp'), which builds it."
      )
    super().build(latent_shape)
    shape = (self.num_components, *self._event_shape)
    start = keras.initializers.RandomUniform(0.0, 1.0)
    self.pseudo_inputs = self.add_weight(shape, start, name="pseudo_inputs")

  def distribution(self) -> tfd.Distribution:
    return tfd.MixtureSameFamily(
      tfd.Categorical(logits=tf.zeros(self.num_components)),
      self._encode(tf.convert_to_tensor(self.pseudo_inputs)),
    )

  def sample(self, seed: Seed, rows: tf.Tensor) -> tf.Tensor:
    probs = tf.fill([self.num_components], 1.0 / self.num_components)
    component = choose(seed, rows, probs)
    q = self._encode(tf.gather(tf.convert_to_tensor(self.pseudo_inputs), component))
    posterior = self._posterior.layer
    return posterior.sample(q, posterior.noise(seed, rows, 1))[0]

  def get_config(self):
    return {**super().get_config(), "num_components": self.num_components}


class _Untracked:
  """Holds a layer that belongs to another layer, hidden from Keras."""

  def __init__(self, layer: Sampler):
    self.layer = layer
