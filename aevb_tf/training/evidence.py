"""log p(x) of a trained model on a split of the data, with a progress bar."""

import warnings
from typing import Any

import tqdm

from aevb_tf import evidence
from aevb_tf.models import VAE
from aevb_tf.training.configuration import ConfigError

# How many examples the slow estimators take by default; the paper's App. E looks at
# 1000 too.
_FEWER = {"annealed": 100, "posterior_density": 1000}


def measure_evidence(
  vae: VAE,
  source: Any,
  method: str,
  num_samples: int | None = None,
  max_examples: int | None = None,
  batch_size: int | None = None,
) -> dict:
  """Estimates log p(x) of a data set, with the seed of the model.

  For `annealed` also on as many simulated data, from below and above, for the gap.

  Args:
    vae: The model.
    source: What `aevb_tf.data.load` gives.
    method: Name of an estimator of `aevb_tf.evidence`.
    num_samples: Samples for each example; None leaves the estimator's own number.
    max_examples: Only the first examples; None for all, or for 100 (`annealed`) or
      1000 (`posterior_density`).
    batch_size: Examples at once; None takes what suits the device.

  Returns:
    `aevb_tf.evidence.Estimate.report()`, for `annealed` with `gap`,
    `gap_standard_error` and `gap_warning`. What is not known, or nothing to warn of, is
    left out.

  Raises:
    ConfigError: The estimator refuses the model or an argument.
  """
  options = {"seed": vae.seed, "batch_size": batch_size}
  most = max_examples or _FEWER.get(method)
  try:
    method = evidence.get(method, num_samples)
    report = _report(vae, source, method, most, options)
  except (ValueError, FloatingPointError) as error:
    raise ConfigError(f"--evidence={evidence.name_of(method)}: {error}") from error
  return {
    k: round(v, 6) if isinstance(v, float) else v
    for k, v in report.items()
    if v is not None
  }


def _report(vae, source, method, most, options):
  """The report, which holds the warnings as its lines."""
  with warnings.catch_warnings():
    warnings.simplefilter("ignore", evidence.EvidenceWarning)
    with _bar(method, "log p(x)", _length(source, most)) as bar:
      estimate = evidence.estimate(
        vae, source, method, max_examples=most, progress=bar.advance, **options
      )
    report = estimate.report()
    if isinstance(method, evidence.Annealed):
      count = len(estimate.log_marginal)
      with _bar(method, "simulated data", count) as bar:
        bracket = evidence.bidirectional(
          vae, count, method, progress=bar.advance, **options
        )
      report["gap"] = bracket.gap
      report["gap_standard_error"] = bracket.gap_standard_error if count > 1 else None
      report["gap_warning"] = bracket.warning
  return report


class _Bar(tqdm.tqdm):
  """A bar on stderr that counts data, in parts too."""

  def advance(self, part: float) -> None:
    """Moves on; parts that add up to all but for rounding end the bar exactly."""
    rest = part if self.total is None else self.total - self.n
    self.update(min(part, rest))


def _bar(method: Any, what: str, total: int | None) -> _Bar:
  name = evidence.name_of(method)
  numbers = (
    "{n:.1f}/{total} [{elapsed}<{remaining}]" if total else "{n:.1f} [{elapsed}]"
  )
  return _Bar(
    desc=f"{what}, {name}", total=total, bar_format="{l_bar}{bar}| " + numbers
  )


def _length(source: Any, most: int | None) -> int | None:
  """How many examples there will be, where it is known."""
  known = len(source) if hasattr(source, "__array__") else None
  known = getattr(source, "num_examples", known)
  return min(filter(None, (known, most)), default=None) if known else None
