"""The gap between log p(x) and the bound, and the estimates of log p(x), on a sample.

    log p(x) - elbo(x; encoder)
      =   log p(x) - max over q of elbo(x; q)                 approximation gap
        + max over q of elbo(x; q) - elbo(x; encoder)         amortization gap

The first is due to the family of q, the second to the encoder. q is optimized for each
example (`tasks.refinement`), and log p(x) is estimated by annealed importance sampling
that starts at q(z|x). The estimate is below log p(x) in expectation, and so is the
approximation gap.

References:
  Cremer, Li, Duvenaud. Inference suboptimality in variational autoencoders. ICML 2018.
"""

import warnings

import numpy as np
import tensorflow as tf

from aevb_tf import evidence
from aevb_tf.evidence.compiled import compiled
from aevb_tf.tasks import refinement
from aevb_tf.tasks.diagnosis.context import Context, Refused, mean, standard_error
from aevb_tf.tasks.diagnosis.report import Finding

_STEPS, _LEARNING_RATE = 500, 0.03
_METHODS: tuple[evidence.Estimator, ...] = (
  evidence.Importance(num_samples=1000),
  evidence.Annealed(num_samples=4, num_temperatures=100, start="encoder"),
)
# The share of the KL above which a gap matters.
_LARGE = 0.1

_OF_ENCODER = (
  "The encoder is far from the best q of its family: train longer, use a larger encoder, "
  "or more data, if only test examples have the gap."
)
_OF_FAMILY = (
  "No q of this family is close to the posterior: use a posterior with dependent latents "
  "('full_gaussian', 'iaf', 'real_nvp'), or ImportanceWeighted."
)


def gaps(context: Context) -> list[Finding]:
  """Both gaps of test examples, and how reliable the estimates of log p(x) are.

  Adds `amortization_gap`, `approximation_gap` and `pareto_k`.

  Raises:
    Refused: q(z|x) of the model cannot be optimized.
  """
  vae, split = context.vae, context.test.first(context.num_refined)
  try:
    refinement.check(vae)
  except ValueError as reason:
    raise Refused(str(reason)) from reason
  refine = compiled(vae, _refined, jit=False)
  seed, of_kl = context.draw(0), context.draw(1)

  def parts(x, rows):
    kl = vae.bound_parts(x, of_kl, rows, training=False).kl
    return tf.stack([*refine(x, seed, rows), kl], axis=1)

  before, after, kl = context.over(split, parts).T
  findings, log_marginal = [], after
  for number, method in enumerate(_METHODS, start=2):
    estimate = _estimate(context, split, method, number)
    findings.append(_reliability(estimate))
    log_marginal = estimate.log_marginal  # that by annealing is the last
    if estimate.method == "importance":
      context.arrays["pareto_k"] = estimate.pareto_k
  found = {"amortization": after - before, "approximation": log_marginal - after}
  for (name, values), advice in zip(
    found.items(), (_OF_ENCODER, _OF_FAMILY), strict=True
  ):
    context.arrays[f"{name}_gap"] = values
    error = standard_error(values)
    warns = mean(values) > max(3 * error, _LARGE * mean(kl))
    detail = f"Of {len(values)} test examples, whose KL is {mean(kl):.2f} nats."
    if mean(values) < -3 * error:
      detail += " It is negative, since log p(x) is estimated too low."
    findings.append(
      Finding(
        "gaps",
        f"{name} gap",
        mean(values),
        "nats",
        error,
        "warn" if warns else "ok",
        detail,
        advice if warns else "",
      )
    )
  return findings


def _refined(vae, x, seed, rows):
  return refinement.refined_elbo(vae, x, seed, rows, _STEPS, _LEARNING_RATE)


def _estimate(context, split, method, number):
  with warnings.catch_warnings(), context.given(split):
    warnings.simplefilter("ignore", evidence.EvidenceWarning)  # it is in the report
    return evidence.estimate(
      context.vae,
      split.x,
      method,
      seed=context.draw(number),
      batch_size=context.batch_size,
    )


def _reliability(estimate):
  k = estimate.pareto_k[~np.isnan(estimate.pareto_k)]
  of_k = f", a Pareto k of {np.median(k):.2f} in the median" if len(k) else ""
  return Finding(
    "evidence",
    f"log p(x) by {estimate.method}",
    estimate.mean,
    "nats",
    estimate.standard_error,
    "ok" if estimate.warning is None else "warn",
    f"The error is due to the data. That due to the samples is "
    f"{estimate.mean_monte_carlo_error:.2g}; the effective sample size is at least "
    f"{np.min(estimate.effective_sample_size):.1f} of {estimate.num_samples}{of_k}.",
    estimate.warning or "",
  )
