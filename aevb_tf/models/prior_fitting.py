"""Fits a new prior to a trained model, on its aggregate posterior.

    maximise  E_x E_q(z|x) log p(z)    over the parameters of p(z) alone

That is the bound, whose other terms do not depend on the prior. Its largest value is at
p(z) = E_x q(z|x), the aggregate posterior (Hoffman and Johnson 2016): samples of p(z) are
then where the decoder was trained. Encoder and decoder stay as they are.

References:
  Hoffman, Johnson. ELBO surgery: yet another way to carve up the variational evidence
    lower bound. NIPS workshop, 2016.
  Tomczak, Welling. VAE with a VampPrior. AISTATS 2018.
"""

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import bounds, checks, conditions, priors, random
from aevb_tf.evidence.batches import over_batches
from aevb_tf.models import parts
from aevb_tf.random import Purpose
from aevb_tf.types import Seed, TensorLike


class PriorFit(NamedTuple):
  """The result of `VAE.fit_prior`.

  Attributes:
    vae: A new model with the fitted prior, not compiled.
    before: The mean bound of the examples with the old prior, nats.
    after: With the new one, by the same samples of z.
  """

  vae: Any
  before: float
  after: float


def fit_prior(
  vae: Any,
  x: TensorLike,
  prior: priors.PriorLike,
  num_epochs: int,
  batch_size: int,
  learning_rate: float,
  seed: Seed | None,
  condition: Any,
) -> PriorFit:
  """`VAE.fit_prior`; see there."""
  vae.check_built("fit_prior")
  num_epochs = checks.positive_int("num_epochs", num_epochs)
  x = np.asarray(vae.as_data(x))
  vae.likelihood_family.check_targets(x)
  size = min(checks.positive_int("batch_size", batch_size), len(x))
  seed = random.request_seed(seed)
  features = conditions.of_examples(vae, condition, len(x))
  new = _with_prior(vae, priors.get(prior))
  rng = np.random.default_rng(np.asarray(seed).astype(np.uint32))
  _start(new, x, features, rng)
  optimizer = keras.optimizers.Adam(learning_rate)
  variables = new.prior.trainable_variables
  if not variables:
    raise ValueError(
      f"The prior {type(new.prior).__name__} has nothing to fit: use 'mixture', 'maf' or "
      "'vamp'."
    )
  optimizer.build(variables)

  @tf.function(autograph=False)
  def step(x, rows, seed, features):
    with conditions.given(new, features), tf.GradientTape() as tape:
      q = new.encode(x)
      noise = new.posterior_family.noise(seed, rows, 1)
      z = tf.stop_gradient(new.posterior_family.sample(q, noise))
      loss = -tf.reduce_mean(new.prior.distribution().log_prob(z))
    optimizer.apply(tape.gradient(loss, variables), variables)

  training = random.derive(seed, Purpose.FIT_PRIOR)
  number = 0
  for _ in range(num_epochs):
    order = rng.permutation(len(x))
    for first in range(0, len(x) - size + 1, size):
      rows = order[first : first + size]
      step(
        tf.constant(x[rows]),
        tf.constant(rows, tf.int32),
        random.derive(training, Purpose.STEP, number),
        None if features is None else tf.gather(features, rows),
      )
      number += 1
  bounds_seed = random.derive(seed, Purpose.ELBO)

  def mean_bound(model):
    def elbo(x, rows):
      return model.bound_parts(x, bounds_seed, rows, training=False).elbo

    return float(np.mean(over_batches(model, elbo, x, condition, size)))

  return PriorFit(new, mean_bound(vae), mean_bound(new))


def _with_prior(vae, prior):
  """A copy of the model with another prior."""
  config = vae.get_config()
  config["prior"] = keras.saving.serialize_keras_object(prior)
  try:
    vae.bound.check(vae.posterior_family, prior)
  except ValueError:  # it needs a closed-form KL
    bound = bounds.SGVB("A", vae.bound.num_draws)
    config["bound"] = keras.saving.serialize_keras_object(bound)
  return parts.copied(vae, type(vae), config, parts.WITHOUT_PRIOR)


def _start(model, x, features, rng):
  """Sets the components of a mixture to examples, which is near where they belong."""
  prior = model.prior
  if not isinstance(prior, (priors.Mixture, priors.VampPrior)):
    return
  rows = np.resize(rng.permutation(len(x)), prior.num_components)
  if isinstance(prior, priors.VampPrior):
    prior.pseudo_inputs.assign(x[rows])
    return
  given = None if features is None else tf.gather(features, rows)
  with conditions.given(model, given):
    prior.means.assign(model.posterior_family.point_estimate(model.encode(x[rows])))
