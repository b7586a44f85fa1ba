"""What a likelihood is: the decoder's output read as p(x|z).

A `Likelihood` is a Keras layer without a call: it says which parameters a decoder
must give (`params_shape`), turns them into a TFP distribution over whole data
(`distribution`), draws from it (`quantile`) and knows which targets it can score
(`in_support`). `CONTRIBUTING.md` lists all that one of your own needs. It is a layer so
that what it learns itself (one variance for all pixels, say) trains and saves with
the model.
"""

import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.registry import Registry

registry = Registry("likelihood")


class Likelihood(keras.layers.Layer):
  """Base of all likelihoods; see the module's docstring for the contract.

  Attributes:
    event_shape: Shape of one datum, known once built.
    support: What targets have to be, as the end of the sentence "needs ...".
    advice: What to do about targets outside the support.
  """

  support = "finite numbers"
  advice = "Find and fix the broken examples."

  def __init__(self, **kwargs):
    kwargs.setdefault("dtype", "float32")  # densities never run in half precision
    super().__init__(**kwargs)
    self.event_shape = None

  def build(self, event_shape: tuple[int, ...]) -> None:
    """Fixes the shape of one datum, and creates what the likelihood learns itself."""
    self.event_shape = tuple(event_shape)

  def params_shape(self, event_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of the decoder's output for one datum of shape `event_shape`."""
    return tuple(event_shape)

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    """p(x|z) over whole data.

    Args:
      params: float `[..., *params_shape]`, the decoder's output.

    Returns:
      A distribution with batch shape `[...]` and event shape `event_shape`.
    """
    raise TypeError(f"{type(self).__name__} has to define `distribution(params)`.")

  def params_of_mean(self, mean: np.ndarray) -> np.ndarray:
    """What a decoder that ignores z should give, for p(x|z) to have this mean.

    Args:
      mean: `event_shape`, as of the training data.

    Returns:
      float32 `[*params_shape]`.

    Raises:
      ValueError: This likelihood has no such parameters in closed form.
    """
    raise ValueError(
      f"A {type(self).__name__} likelihood cannot start at the mean of the data; the "
      "Bernoulli and the Gaussian can."
    )

  def quantile(self, distribution: tfd.Distribution, uniform: tf.Tensor) -> tf.Tensor:
    """Draws x by the inverse CDF of each pixel.

    Args:
      distribution: What `distribution(params)` gave.
      uniform: float32 in (0, 1), `[..., *event_shape]`.

    Returns:
      float32 `[..., *event_shape]`.

    Raises:
      TypeError: The pixels' distribution has no inverse CDF, and the likelihood does
        not define this method.
    """
    pixels = getattr(distribution, "distribution", distribution)
    try:
      return pixels.quantile(uniform)
    except NotImplementedError:  # TFP's word for what a distribution does not have
      raise TypeError(
        f"{type(self).__name__} has to define `quantile(distribution, uniform)` to draw "
        f"x: {type(pixels).__name__} has no inverse CDF."
      ) from None

  def log_prob_of_pairs(
    self, distribution: tfd.Distribution, x: tf.Tensor
  ) -> tf.Tensor:
    """log p(x_i|z_k) of every datum under every z, nats.

    Args:
      distribution: What `distribution(params)` gave for `[count]` z.
      x: float32 `[batch, *event_shape]`.

    Returns:
      float32 `[batch, count]`.
    """
    # One datum after another: no tensor has an event for every pair.
    return tf.map_fn(distribution.log_prob, x)

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    """Whether every element of `x` can be scored: a boolean scalar tensor."""
    return tf.reduce_all(tf.math.is_finite(x))

  def misfit(self, x: tf.Tensor) -> str | None:
    """Why targets that can be scored hardly mean what this likelihood says of them.

    Args:
      x: float32 tensor of targets, all of them in the support.

    Returns:
      A sentence, with what to use instead; None where nothing is suspicious.
    """
    return None

  def refusal(self, span: str, advice: str | None = None) -> str:
    """The message about targets that this likelihood cannot score.

    Args:
      span: What the data are, as "reach from -1 to 1".
      advice: What to do about them; None takes the likelihood's own `advice`.
    """
    return (
      f"The data {span}, but the {type(self).__name__} likelihood needs {self.support}."
      f" {advice or self.advice}"
    )

  def check_targets(self, x: Any) -> None:
    """Refuses targets outside the support, and says which likelihood would fit.

    Args:
      x: Array or tensor of targets.

    Raises:
      ValueError: Some element of `x` is outside the support, NaN or infinite.

    Warns:
      UserWarning: All can be scored, but another likelihood is meant for them.
    """
    tensor = tf.convert_to_tensor(x, tf.float32)
    if bool(self.in_support(tensor)):
      misfit = self.misfit(tensor)
      if misfit:
        warnings.warn(misfit, UserWarning, stacklevel=3)
      return
    x = np.asarray(x, np.float32)
    finite = x[np.isfinite(x)]
    if finite.size < x.size:
      span = f"have {x.size - finite.size} NaN or infinite values of {x.size}"
      raise ValueError(self.refusal(span, Likelihood.advice))
    span = f"reach from {finite.min():.6g} to {finite.max():.6g}"
    raise ValueError(self.refusal(span))

  def independent(self, pixels: tfd.Distribution) -> tfd.Independent:
    """Pixels are independent given z: their log-densities add up over the event."""
    return tfd.Independent(pixels, reinterpreted_batch_ndims=len(self.event_shape))
