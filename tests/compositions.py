"""Every posterior x prior x likelihood x bound, made from the registries.

A member that is registered is covered from then on, with its default options or with
those that are given here.
"""

import functools
import itertools

import keras
import numpy as np

import aevb_tf as aevb
from aevb_tf import bounds, likelihoods, posteriors, priors
from aevb_tf.models import parts

_OPTIONS = {
  "sgvb": [{"estimator": "A"}, {"estimator": "B"}],
  "score_function": [{"num_samples": 2, "baseline": "leave_one_out"}],
  "importance_weighted": [
    {"num_importance_samples": 2, "gradient": "doubly_reparameterized"}
  ],
}
BOUNDS = [
  {"name": name, **options}
  for name in bounds.names()
  for options in _OPTIONS.get(name, [{}])
]
EVENT_SHAPE, LATENT_DIM = (2, 2, 1), 2


def refusal(posterior, prior, bound):
  """Why these do not go together, or None; the words of the model's own checks."""
  posterior, prior = posteriors.get(posterior), priors.get(prior)
  try:
    parts.check_support(posterior, prior)
    bounds.get(bound).check(posterior, prior)
  except ValueError as error:
    return str(error)
  return None


def everything():
  """All compositions, refused ones left out."""
  triples = itertools.product(posteriors.names(), priors.names(), BOUNDS)
  allowed = [triple for triple in triples if refusal(*triple) is None]
  return [
    (posterior, prior, likelihood, bound)
    for posterior, prior, bound in allowed
    for likelihood in likelihoods.names()
  ]


@functools.cache
def kind(posterior):
  """What of a posterior the other parts meet: its class, and where its latents are.

  A product of scalar families passes draws and log-densities on in the same way whatever
  the family is, and `tests/posteriors` compares each family with SciPy.
  """
  family = posteriors.get(posterior)
  return type(family).__name__, family.support


def pairwise(compositions):
  """Few of the compositions: every member, and every pair of parts that meet in any.

  A third part does not change how two parts meet: a bound sees the others through
  `Terms` alone. The pairs of a posterior are those of its `kind`, class and support, and
  not of its name: each name is in at least one composition, but `laplace` need not meet
  every prior that `logistic` meets. That suffices, since posteriors of one kind share
  the code that other parts call. They differ in their densities, draws and closed-form
  KLs, which `tests/posteriors` checks for each.
  """

  def pairs(composition):
    posterior, *others = map(str, composition)
    named = list(enumerate([kind(posterior), *others]))
    return {posterior, *itertools.combinations(named, 2)}

  left = set().union(*map(pairs, compositions))
  candidates = [(composition, pairs(composition)) for composition in compositions]
  cover = []
  while left:
    best = max(candidates, key=lambda candidate: len(candidate[1] & left))
    cover.append(best[0])
    left -= best[1]
    candidates = [c for c in candidates if c[1] & left]
  return cover


def vae(posterior, prior, likelihood, bound):
  """A model as small as one can be."""
  keras.utils.set_random_seed(0)
  return aevb.VAE(
    aevb.networks.MLPEncoder(LATENT_DIM, (3,), posterior=posterior),
    aevb.networks.MLPDecoder(EVENT_SHAPE, (3,), likelihood=likelihood),
    prior=prior,
    bound=bound,
    seed=0,
  )


def data():
  """Four images of 8-bit levels, which every likelihood takes."""
  levels = np.random.default_rng(0).integers(256, size=(4, *EVENT_SHAPE))
  return levels.astype(np.float32) / 255
