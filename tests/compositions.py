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
from tests.likelihoods import cases

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
LATENT_DIM = 2
CLASSES = 3
# The bound of this composition needs an operator that LiteRT lacks.
NOT_IN_LITERT = (
  "full_gaussian",
  "standard_normal",
  "bernoulli",
  {"name": "sgvb", "estimator": "A"},
)


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
def likelihood_kind(name):
  """What of a likelihood the other parts meet.

  They score whole examples, and train the weights of a likelihood with their own.
  `tests/likelihoods` compares each density and its draws with SciPy or with a sum.
  """
  likelihood = built_likelihood(name)
  own = [
    getattr(type(likelihood), method) is not getattr(likelihoods.Likelihood, method)
    for method in ("log_prob_of_pairs", "log_prob_of_each")
  ]
  return (*own, bool(likelihood.trainable_variables))


def built_likelihood(name):
  likelihood = likelihoods.get(cases.identifier(name))
  likelihood.build(cases.event_shape(name))
  return likelihood


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
  KLs, which `tests/posteriors` checks for each. The same holds for likelihoods and
  `likelihood_kind`.
  """

  def pairs(composition):
    posterior, prior, likelihood, bound = map(str, composition)
    kinds = (kind(posterior), prior, likelihood_kind(likelihood), bound)
    members = {(0, posterior), (2, likelihood)}
    return members | set(itertools.combinations(enumerate(kinds), 2))

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
    aevb.networks.MLPDecoder(
      cases.event_shape(likelihood), (3,), likelihood=cases.identifier(likelihood)
    ),
    prior=prior,
    bound=bound,
    condition=CLASSES if prior == "conditional" else None,
    seed=0,
  )


def condition(prior, count):
  """A class for each example if the prior needs one, or None."""
  return np.arange(count) % CLASSES if prior == "conditional" else None


def data(likelihood="bernoulli", count=4):
  """Examples that the likelihood takes: small images of 8-bit levels if it can."""
  rng = np.random.default_rng(0)
  shape = (count, *cases.event_shape(likelihood))
  return cases.data(likelihood, rng, shape, moderate=True)
