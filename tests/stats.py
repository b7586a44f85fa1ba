"""Statistical assertions with one failure rate for the whole suite.

Each assertion fails by chance, of a right implementation, with probability at most
`FAILURE_RATE`; a family of k comparisons in one assertion shares it (Bonferroni).
Seeds are fixed, so that a pass stays a pass; `--vary-seed` moves them.
"""

import numpy as np
import scipy.stats

FAILURE_RATE = 1e-6


def assert_mean(samples, expected, standard_error=None) -> None:
  """z-test: the mean over axis 0 is `expected`, entry by entry.

  Args:
    samples: `[n, ...]`, independent along axis 0, n large enough for normality.
    expected: `[...]`, the exact mean.
    standard_error: That of `expected` itself, where it is an estimate too.
  """
  samples = np.asarray(samples, np.float64)
  expected = np.asarray(expected, np.float64)
  n = len(samples)
  mean = samples.mean(axis=0)
  error = samples.std(axis=0, ddof=1) / np.sqrt(n)
  if standard_error is not None:
    error = np.hypot(error, standard_error)
  # A constant sample has no error of its own: allow float32 rounding of the mean.
  error = np.maximum(error, 1e-7 * np.maximum(np.abs(expected), 1.0))
  z = np.abs(mean - expected) / error
  limit = scipy.stats.norm.isf(FAILURE_RATE / 2 / z.size)
  worst = np.unravel_index(np.argmax(z), z.shape)
  assert z.max() < limit, (
    f"entry {worst}: mean {mean[worst]} is {z.max():.1f} standard errors "
    f"({error[worst]:.3g}) from {expected[worst]}; the limit is {limit:.1f}"
  )


def assert_ks(samples, cdf) -> None:
  """Kolmogorov-Smirnov: one-dimensional samples have this CDF."""
  result = scipy.stats.kstest(np.asarray(samples, np.float64), cdf)
  assert result.pvalue > FAILURE_RATE, (
    f"Kolmogorov-Smirnov distance {result.statistic:.4f}, p = {result.pvalue:.2g}"
  )


def assert_same_distribution(samples, others) -> None:
  """Kolmogorov-Smirnov: two one-dimensional samples come from one distribution."""
  result = scipy.stats.ks_2samp(
    np.asarray(samples, np.float64), np.asarray(others, np.float64)
  )
  assert result.pvalue > FAILURE_RATE, (
    f"Kolmogorov-Smirnov distance {result.statistic:.4f}, p = {result.pvalue:.2g}"
  )


def assert_frequency(count: int, trials: int, probability: float) -> None:
  """Binomial test: an event of this probability came up `count` times of `trials`."""
  p_value = scipy.stats.binomtest(int(count), int(trials), probability).pvalue
  assert p_value > FAILURE_RATE, (
    f"{count} of {trials} is a frequency of {count / trials:.4f}, not {probability}"
    f" (p = {p_value:.2g})"
  )


def assert_counts(counts, probabilities) -> None:
  """Chi-squared: events `[k]` of these probabilities came up so often, row by row.

  Args:
    counts: int `[rows, k]`.
    probabilities: `[rows, k]`; those that are hardly ever expected count as one.
  """
  for row, (count, chance) in enumerate(zip(counts, probabilities, strict=True)):
    order = np.argsort(-np.asarray(chance, np.float64))
    expected = np.asarray(chance, np.float64)[order]
    expected *= np.sum(count) / expected.sum()
    many = int((expected >= 20).sum())
    assert many, f"row {row}: too few events to tell"
    observed = np.append(count[order][:many], count[order][many:].sum())
    expected = np.append(expected[:many], expected[many:].sum())
    # What is never expected must never be seen; and adds nothing.
    expected = np.maximum(expected, 1e-3)
    statistic = ((observed - expected) ** 2 / expected).sum()
    p_value = scipy.stats.chi2.sf(statistic, many)
    assert p_value > FAILURE_RATE / len(counts), (
      f"row {row}: chi-squared {statistic:.1f} of {many} degrees, p = {p_value:.2g}"
    )
