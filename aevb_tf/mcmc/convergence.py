"""Rank-normalized split R-hat, a diagnostic of Markov chains that have not converged.

Each of m chains is split into halves of n draws, so that a trend within a chain counts as
a difference between chains. The draws x are replaced by normal scores of their ranks,
z = Phi^-1((rank - 3/8) / (S + 1/4)) of S draws in all, so that heavy tails do no harm. With
the mean W of the variances within the halves, and n times the variance B / n of their means,

    R-hat = sqrt( (n - 1) / n  +  B / (n W) )

R-hat is the larger of that of x and that of |x - median(x)|, which finds chains of equal
mean and different scale. It is near 1 if all chains sample one distribution. It does not
show a mode that no chain has found.

References:
  Vehtari, Gelman, Simpson, Carpenter, Buerkner. Rank-normalization, folding, and
    localization: an improved R-hat for assessing convergence of MCMC. Bayesian Analysis,
    2021.
"""

import math

import numpy as np

# Above the first value, and more than so many of its standard deviations above 1, chains
# have not converged.
LARGEST_R_HAT, _DEVIATIONS = 1.05, 4


def r_hat(samples: np.ndarray) -> np.ndarray:
  """R-hat of several chains.

  Args:
    samples: float `[draws, chains, ...]`.

  Returns:
    float32 `[...]`; NaN for fewer than four draws, or if all draws are equal. It is
    infinite for chains that differ and have not moved.
  """
  draws, chains, *rest = samples.shape
  half = draws // 2
  if half < 2:
    return np.full(rest, np.nan, np.float32)
  # The middle one of an odd number of draws is left out.
  halves = np.concatenate([samples[:half], samples[-half:]], axis=1)
  median = np.median(halves, axis=(0, 1))
  both = [_of_scores(_normal_scores(x)) for x in (halves, np.abs(halves - median))]
  # The distances of two such chains to their median are equal, and have no R-hat.
  return np.fmax(*both).astype(np.float32)


def largest_r_hat(draws: int, chains: int) -> float:
  """The R-hat above which chains have not converged.

  B / W of independent draws has an F distribution, so the R-hat of a few draws is above 1
  by chance.

  Args:
    draws: Draws of each chain.
    chains: Number of chains.

  Returns:
    1.05, and more for few draws.
  """
  n, m = draws // 2, 2 * chains
  if n < 2:
    return math.inf
  deviation = math.sqrt(2 / (m - 1) + 2 / (m * (n - 1))) / (2 * n)
  return LARGEST_R_HAT + _DEVIATIONS * deviation


def _normal_scores(x):
  """Normal scores of the ranks among all draws, float64, with the shape of x."""
  from scipy import special, stats

  flat = x.reshape(-1, *x.shape[2:])
  ranks = stats.rankdata(flat, axis=0)  # ties, as of a rejected proposal, share a rank
  return special.ndtri((ranks - 0.375) / (len(flat) + 0.25)).reshape(x.shape)


def _of_scores(z):
  n = len(z)
  within = z.var(axis=0, ddof=1).mean(axis=0)
  between = z.mean(axis=0).var(axis=0, ddof=1)  # B / n
  with np.errstate(divide="ignore", invalid="ignore"):
    return np.sqrt((n - 1) / n + between / within)
