"""Optimizes q(z|x) for each example, from where the encoder puts it.

The encoder amortizes inference: its q(z|x) is the best of its family only for what it
was trained on. The difference

    max over q of elbo(x; q)  -  elbo(x; encoder)

is the amortization gap of an example (Cremer et al. 2018), and its likelihood regret
(Xiao et al. 2020).

References:
  Cremer, Li, Duvenaud. Inference suboptimality in variational autoencoders. ICML 2018.
  Xiao, Yan, Amit. Likelihood regret: an out-of-distribution detection score for
    variational auto-encoder. NeurIPS 2020.
"""

from collections.abc import Callable

import tensorflow as tf

from aevb_tf import bounds, random
from aevb_tf.protocols import ModelOfExamples
from aevb_tf.random import Purpose
from aevb_tf.types import IntLike

_DECAY, _SQUARED_DECAY, _EPSILON = 0.9, 0.999, 1e-8
# Samples of z with which the bounds before and after are estimated, and of each step.
_MEASURED, _OF_STEP = 16, 2


def check(model: ModelOfExamples) -> None:
  """Raises a ValueError if the posterior of the model cannot be refined."""
  if not hasattr(model, "posterior_params"):
    raise ValueError(
      f"A {type(model).__name__} has no q(z|x) that could be optimized: use a VAE."
    )


def refined_elbo(
  model: ModelOfExamples,
  x: tf.Tensor,
  seed: tf.Tensor,
  rows: tf.Tensor,
  num_steps: int,
  learning_rate: float,
) -> tuple[tf.Tensor, tf.Tensor]:
  """The bound before and after num_steps of Adam on the parameters of q(z|x).

  Args:
    model: A `VAE`.
    x: float32 `[batch, *event_shape]`.
    seed: int32 `[2]`.
    rows: int32 `[batch]`: the noise of example i depends on (seed, rows[i]) alone.
    num_steps: Steps of Adam; each has new noise.
    learning_rate: Of Adam.

  Returns:
    The bounds by the same noise, which no step has seen; float32 `[batch]`, nats.
  """
  family, p = model.posterior_family, model.prior.distribution()
  has_kl = bounds.has_analytic_kl(family, model.prior)
  estimator = bounds.sgvb_b if has_kl else bounds.sgvb_a

  def elbo(params, seed, num_samples):
    q = family.distribution(params)
    z = family.sample(q, family.noise(seed, rows, num_samples))
    return estimator(bounds.evaluate_terms(x, z, q, p, model.decode, has_kl))

  def of_step(params, i):
    return elbo(params, random.derive(seed, Purpose.REFINE_STEP, i), _OF_STEP)

  start = model.posterior_params(x)
  params = ascend(of_step, start, num_steps, learning_rate)
  measured = random.derive(seed, Purpose.REFINED)
  return elbo(start, measured, _MEASURED), elbo(params, measured, _MEASURED)


def ascend(
  function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
  start: tf.Tensor,
  num_steps: IntLike,
  learning_rate: float,
) -> tf.Tensor:
  """Maximizes a noisy function of each example by Adam.

  Args:
    function: Parameters, float32 `[batch, P]`, and the number of the step, an int32
      scalar -> values `[batch]`.
    start: The parameters at the start.
    num_steps: Steps of Adam.
    learning_rate: Of Adam.

  Returns:
    The parameters at the end, `[batch, P]`.
  """

  def step(i, params, mean, square):
    with tf.GradientTape() as tape:
      tape.watch(params)
      value = function(params, i)
    gradient = tape.gradient(value, params)
    mean = _DECAY * mean + (1.0 - _DECAY) * gradient
    square = _SQUARED_DECAY * square + (1.0 - _SQUARED_DECAY) * gradient**2
    count = tf.cast(i + 1, tf.float32)
    scaled = mean / (1.0 - _DECAY**count)
    size = tf.sqrt(square / (1.0 - _SQUARED_DECAY**count)) + _EPSILON
    return i + 1, params + learning_rate * scaled / size, mean, square

  zeros = tf.zeros_like(start)
  _, params, _, _ = tf.while_loop(
    lambda i, *_: i < num_steps,
    step,
    (tf.constant(0), start, zeros, zeros),
    parallel_iterations=1,
  )
  return params
