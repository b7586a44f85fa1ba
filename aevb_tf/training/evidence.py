"""log p(x), or log p(x|c), of a trained model on a split of the data, with a progress bar."""

import re
import warnings

import tensorflow as tf
import tqdm

from aevb_tf import evidence
from aevb_tf.data import Loaded
from aevb_tf.data.first import first_pairs
from aevb_tf.models import VAE
from aevb_tf.training.configuration import ConfigError

# What to do about estimates that are not reliable, in the flags of the command line.
_ADVICE = {
  "importance": "Use a larger --num_samples, or --evidence=annealed.",
  "annealed": (
    "Use --evidence=importance if q(z|x) is good, or set more temperatures in Python, "
    "with aevb_tf.evidence.Annealed."
  ),
  "posterior_density": "Use a larger --num_samples, or --evidence=annealed.",
}
# Number of examples for the slow estimators by default; the paper's App. E also uses
# 1000.
_FEWER = {"annealed": 100, "posterior_density": 1000}


def measure_evidence(
  vae: VAE,
  source: Loaded,
  method: str,
  num_samples: int | None = None,
  max_examples: int | None = None,
  batch_size: int | None = None,
) -> dict:
  """Estimates log p(x) of a data set, with the seed of the model.

  For `annealed` it also bounds log p(x) of as many simulated examples from below and
  above, and reports the gap. The simulated examples have the conditions of the data.

  Args:
    vae: The model.
    source: Data, as `aevb_tf.data.load` returns them.
    method: Name of an estimator of `aevb_tf.evidence`.
    num_samples: Samples for each example; None uses the estimator's own number.
    max_examples: Number of examples to use, from the start; None uses 100 for
      `annealed`, 1000 for `posterior_density`, otherwise all.
    batch_size: Examples per batch; None chooses a number for the device.

  Returns:
    `aevb_tf.evidence.Estimate.report()`; for `annealed` with `gap`,
    `gap_standard_error` and `gap_warning`. Values that are None are left out.

  Raises:
    ConfigError: The estimator does not support the model or an argument.
  """
  options = {"seed": vae.seed, "batch_size": batch_size}
  most = max_examples or _FEWER.get(method)
  try:
    estimator = evidence.get(method, num_samples)
    if method in _ADVICE:
      vars(estimator)["advice"] = _ADVICE[method]
    report = _report(vae, source, estimator, most, options)
  except (ValueError, FloatingPointError) as error:
    message = re.sub(r"\b(num_samples|max_examples|batch_size)=", r"--\1=", str(error))
    raise ConfigError(f"--evidence={method}: {message}") from error
  return {
    k: round(v, 6) if isinstance(v, float) else v
    for k, v in report.items()
    if v is not None
  }


def _report(vae, source, method, most, options):
  """The report, which includes the warnings."""
  with warnings.catch_warnings():
    warnings.simplefilter("ignore", evidence.EvidenceWarning)
    with _bar(method, "log p(x)", _length(source, most)) as bar:
      estimate = evidence.estimate(
        vae, source, method, max_examples=most, progress=bar.advance, **options
      )
    report = estimate.report()
    if isinstance(method, evidence.Annealed):
      count = len(estimate.log_marginal)
      with _bar(method, "simulated examples", count) as bar:
        bracket = evidence.bidirectional(
          vae,
          count,
          method,
          progress=bar.advance,
          condition=_conditions(vae, source, count),
          **options,
        )
      report["gap"] = bracket.gap
      report["gap_standard_error"] = bracket.gap_standard_error if count > 1 else None
      report["gap_warning"] = bracket.warning
  return report


def _conditions(vae, source, count):
  """Conditions of simulated examples: those of the data, or None."""
  if vae.condition is None:
    return None
  return tf.constant(first_pairs(source, count)[1])


class _Bar(tqdm.tqdm):
  """A progress bar on stderr that counts examples and fractions of examples."""

  def advance(self, part: float) -> None:
    """Advances the bar; rounding errors in the sum of the parts are corrected."""
    rest = part if self.total is None else self.total - self.n
    self.update(min(part, rest))


def _bar(method: evidence.Estimator, what: str, total: int | None) -> _Bar:
  name = evidence.name_of(method)
  numbers = (
    "{n:.1f}/{total} [{elapsed}<{remaining}]" if total else "{n:.1f} [{elapsed}]"
  )
  return _Bar(
    desc=f"{what}, {name}", total=total, bar_format="{l_bar}{bar}| " + numbers
  )


def _length(source: Loaded, most: int | None) -> int | None:
  """The number of examples, or None if it is not known."""
  known = len(source) if hasattr(source, "__array__") else None
  known = getattr(source, "num_examples", known)
  return min(filter(None, (known, most)), default=None) if known else None
