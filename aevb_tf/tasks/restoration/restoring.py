"""Restoration: the clean example that a model expects, given a corrupted one.

    y ~ p(y|x),   x ~ p(x|z),   z ~ p(z)
    E[x|y] = E_p(z|y)[ E[x|y, z] ]

has the smallest expected squared error. p(y|x) is known; the model gives the rest. See
`aevb_tf.tasks.restoration.noise` for the noise models, and for what x is with each
likelihood, and `aevb_tf.tasks.restoration.posterior` for how z is sampled.
"""

import warnings
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import tensorflow as tf

from aevb_tf import checks, likelihoods, random
from aevb_tf.evidence import trust
from aevb_tf.evidence.batches import over_batches
from aevb_tf.evidence.compiled import compiled, rows_at_once
from aevb_tf.evidence.estimation import batch_size_of, check_built
from aevb_tf.likelihoods.observed import complete_of
from aevb_tf.protocols import ModelOfExamples
from aevb_tf.random import Purpose
from aevb_tf.tasks.restoration import noise as noises
from aevb_tf.tasks.restoration.posterior import sample
from aevb_tf.types import Seed, TensorLike

Blur = Literal["box", "gaussian"]


class RestorationWarning(UserWarning):
  """Restored examples are not reliable."""


class Restored(NamedTuple):
  """Restored examples.

  Attributes:
    mean: The estimate of E[x|y], float32 `[n, *event_shape]`.
    stddev: The standard deviation of each value of x given y, shaped as the mean.
    effective_sample_size: How many independent samples of z would give a mean with the
      same error, float32 `[n]`. The error is the part of `stddev` that is due to z, divided
      by the root of this number.
    acceptance: Share of accepted proposals, float32 `[n]`.
  """

  mean: np.ndarray
  stddev: np.ndarray
  effective_sample_size: np.ndarray
  acceptance: np.ndarray


def denoise(
  vae: ModelOfExamples,
  y: TensorLike,
  noise: noises.NoiseLike,
  condition: Any = None,
  seed: Seed = 0,
  num_samples: int = 100,
  num_chains: int = 4,
  burn_in: int = 50,
  refine_steps: int = 100,
  batch_size: int | None = None,
) -> Restored:
  """The mean of clean examples given noisy ones, E[x|y].

      denoise(vae, y, {"name": "gaussian", "scale": 0.2})
      denoise(vae, y, {"name": "salt_and_pepper", "rate": 0.1})
      denoise(vae, y, lambda y, mean: -tf.reduce_sum(abs(y - mean), [1, 2, 3]) / 0.2)

  Args:
    vae: A built model with an encoder, trained on clean examples.
    y: `[n, *event_shape]`, noisy. NaN marks values that were not observed.
    noise: Name with options of `aevb_tf.tasks.restoration.noise`, an object, or a function
      of y and the means m(z) of p(x|z), float32 `[k, *event_shape]`, that returns
      log p(y|m(z)), nats `[k]`.
    condition: c of each example, or one for all, if the model has a condition.
    seed: An int or a pair of int32. The noise for example i depends only on (seed, i).
    num_samples: Samples of each chain.
    num_chains: Chains for each example, at least 2.
    burn_in: Transitions of each chain before the first sample, at least 1.
    refine_steps: Steps of the optimization of q(z|y).
    batch_size: Examples at once; None chooses one that fits into memory.

  Returns:
    `Restored`.

  Raises:
    ValueError: An argument is out of range, the model has no encoder or is one of tables,
      or y cannot be a noisy example of it.

  Warns:
    RestorationWarning: The chains are too short.
  """
  noise = noises.get(noise)
  _check_model(vae, "denoise")
  y = _as_data(vae, y)
  _check_numbers(y)
  noise.check(vae, y)
  lengths = _lengths(num_samples, num_chains, burn_in, refine_steps)
  return _restore(vae, y, noise, condition, seed, lengths, num_chains, batch_size)


def super_resolve(
  vae: ModelOfExamples,
  y: TensorLike,
  factor: int,
  scale: float,
  blur: Blur = "box",
  condition: Any = None,
  seed: Seed = 0,
  num_samples: int = 100,
  num_chains: int = 4,
  burn_in: int = 50,
  refine_steps: int = 100,
  batch_size: int | None = None,
) -> Restored:
  """The mean of images given others of lower resolution, E[x|y].

  A pixel of y is a weighted mean of a block of `factor` by `factor` pixels of x, plus
  Gaussian noise.

  Args:
    vae: A built model of images with an encoder.
    y: Images `[n, height / factor, width / factor, channels]`. NaN marks pixels that were
      not observed.
    factor: Height and width of a block; it divides the height and the width of x.
    scale: Standard deviation of the noise of y. Unless the likelihood of the model is
      Gaussian, it must cover the error of the decoder, too.
    blur: The weights of a block: `"box"` has equal ones, `"gaussian"` those of a Gaussian
      at its center, whose standard deviation is a third of the factor.
    condition: As in `denoise`.
    seed: As in `denoise`.
    num_samples: As in `denoise`.
    num_chains: As in `denoise`.
    burn_in: As in `denoise`.
    refine_steps: As in `denoise`.
    batch_size: As in `denoise`.

  Returns:
    `Restored`, of the shape of x.

  Raises:
    ValueError: An argument is out of range, `factor` does not divide the size of an image,
      y is uint8 that was not scaled, or the model has no encoder or is not one of images.

  Warns:
    RestorationWarning: The chains are too short.
  """
  _check_model(vae, "super_resolve")
  factor = checks.positive_int("factor", factor)
  weights = _weights(checks.one_of("blur", blur, get_args(Blur)), factor)
  noise = noises.LowResolution(scale, factor, weights)
  y = _as_data(vae, _enlarged(vae, np.asarray(y), factor))
  _check_numbers(y)
  lengths = _lengths(num_samples, num_chains, burn_in, refine_steps)
  return _restore(vae, y, noise, condition, seed, lengths, num_chains, batch_size)


def inpaint(
  vae: ModelOfExamples,
  x: TensorLike,
  observed: TensorLike,
  condition: Any = None,
  seed: Seed = 0,
  num_samples: int = 100,
  num_chains: int = 4,
  burn_in: int = 50,
  refine_steps: int = 100,
  batch_size: int | None = None,
) -> Restored:
  """The mean of examples given a part of each, E[x|x_obs].

  `vae.impute` answers the same question with samples from the encoder, and gives draws of x,
  too. These samples are too few if much of an image is missing: then use this function.

  Args:
    vae: A built model with an encoder. It need not have been trained on incomplete examples.
    x: `[n, *event_shape]`; values that were not observed do not matter.
    observed: bool, of a shape that broadcasts to that of x: `[height, width, 1]` is one
      mask for all images.
    condition: As in `denoise`.
    seed: As in `denoise`.
    num_samples: As in `denoise`.
    num_chains: As in `denoise`.
    burn_in: As in `denoise`.
    refine_steps: As in `denoise`.
    batch_size: As in `denoise`.

  Returns:
    `Restored`; observed values are kept, and their `stddev` is 0.

  Raises:
    ValueError: An argument is out of range, `observed` is not a mask of x, an observed value
      is outside the likelihood's support, p(x|z) has no variance, or the model has no
      encoder or is one of tables.

  Warns:
    RestorationWarning: The chains are too short.
  """
  _check_model(vae, "inpaint")
  x, mask = _as_data(vae, x), np.asarray(observed)
  if mask.dtype != bool:
    raise ValueError(
      f"observed has dtype {mask.dtype}: give a mask of bools, True where a value was "
      "observed."
    )
  try:
    mask = np.broadcast_to(mask, x.shape)
  except ValueError:
    raise ValueError(
      f"observed has shape {mask.shape}, which does not broadcast to that of x, {x.shape}."
    ) from None
  y = np.where(mask, x, np.float32("nan"))
  noise = noises.NoNoise()
  noise.check(vae, y)
  lengths = _lengths(num_samples, num_chains, burn_in, refine_steps)
  return _restore(vae, y, noise, condition, seed, lengths, num_chains, batch_size)


def _restore(vae, y, noise, condition, seed, lengths, num_chains, batch_size):
  """Restores all examples, batch by batch."""
  size = batch_size_of(vae, batch_size)
  if batch_size is None:  # each chain decodes a batch
    size = min(size, max(1, rows_at_once(vae) // num_chains))
  seed = random.derive(seed, Purpose.RESTORE)
  run = compiled(vae, sample, noise=noise, num_chains=num_chains)

  def restore(y, rows):
    return run(y, seed, rows, tf.constant(lengths))

  # A tensor may hold NaN.
  y = tf.constant(y)
  found = over_batches(vae, restore, y, condition, size, check_support=False)
  restored = Restored(*found)
  for name in ("mean", "stddev"):
    if not np.isfinite(getattr(restored, name)).all():
      raise FloatingPointError(
        f"The {name} of restored examples is NaN or infinite: the model or the function of "
        "the noise returns such numbers."
      )
  total = num_chains * (lengths[2] - lengths[1])
  few = min(trust.LEAST_EFFECTIVE, total / 2)
  reasons = [
    trust.below(
      f"effective sample size of {total}", restored.effective_sample_size, few
    ),
    trust.below("acceptance of HMC", restored.acceptance, trust.LEAST_ACCEPTANCE),
  ]
  if any(reasons):
    warnings.warn(
      f"Restored examples are not reliable: {'; '.join(filter(None, reasons))}. Use longer "
      "chains (burn_in, num_samples), or more steps (refine_steps).",
      RestorationWarning,
      stacklevel=checks.level_of_user(),
    )
  return restored


def _lengths(num_samples, num_chains, burn_in, refine_steps):
  """Steps of the optimization, transitions of the burn-in, and transitions in all."""
  num_samples = checks.positive_int("num_samples", num_samples)
  burn_in = checks.positive_int("burn_in", burn_in)
  refine_steps = checks.positive_int("refine_steps", refine_steps)
  if checks.positive_int("num_chains", num_chains) < 2:
    raise ValueError("num_chains=1: the error of a mean needs at least 2 chains.")
  return refine_steps, burn_in, burn_in + num_samples


def _check_model(vae, what):
  if not hasattr(vae, "posterior_family"):
    raise ValueError(
      f"{what}: a {type(vae).__name__} has no encoder, which finds where to start: use a "
      "VAE, WakeSleep, FullVB or SemiSupervisedVAE."
    )
  check_built(vae)
  likelihood = complete_of(vae.likelihood_family)
  has_mean = type(likelihood).expectations is likelihoods.Likelihood.expectations
  if not (likelihood.is_elementwise and has_mean):
    raise ValueError(
      f"{what}: noise models are for independent numbers, which the values of a "
      f"{type(likelihood).__name__} likelihood are not. Mark the values that are wrong as "
      "missing, and use `vae.impute`."
    )


def _as_data(vae, y):
  """y as float32 `[n, *event_shape]`, where NaN is not observed."""
  y = np.asarray(y)
  if y.dtype != np.uint8:  # which is checked for levels that were not scaled
    y = tf.constant(y, tf.float32)
  return np.asarray(vae.as_data(y))


def _check_numbers(y):
  if np.isinf(y).any():
    raise ValueError(f"y has {np.isinf(y).sum()} infinite values: find and fix them.")


def _weights(blur, factor):
  """The weights of a block, row by row."""
  if blur == "box":
    return (1.0 / factor**2,) * factor**2
  distance = np.arange(factor) - (factor - 1) / 2
  line = np.exp(-0.5 * (3 * distance / factor) ** 2)
  weights = np.outer(line, line)
  return tuple((weights / weights.sum()).ravel().tolist())


def _enlarged(vae, y, factor):
  """y with every pixel repeated over its block, after a check of its shape."""
  if len(vae.event_shape) != 3:
    raise ValueError(
      f"super_resolve needs a model of images, [height, width, channels], and its "
      f"examples have shape {tuple(vae.event_shape)}."
    )
  height, width, channels = vae.event_shape
  if height % factor or width % factor:
    raise ValueError(
      f"factor={factor} does not divide images of {height} by {width} pixels."
    )
  wanted = (height // factor, width // factor, channels)
  if y.shape[1:] != wanted:
    raise ValueError(
      f"y has shape {y.shape}: with factor={factor} the model needs [n, "
      f"{', '.join(map(str, wanted))}]."
    )
  return y.repeat(factor, axis=1).repeat(factor, axis=2)
