"""How well scores tell anomalies from normal examples: AUROC, alarms and detections."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.stats

# The rate of false alarms for which thresholds are set.
RATE = 0.05


class Detected(NamedTuple):
  """How well a score detects anomalies.

  Attributes:
    auroc: The probability that an anomaly has a higher score than a normal example.
    false_alarms: The share of normal test examples above the threshold; NaN if there is
      no threshold.
    detected: The share of anomalies above the threshold, likewise.
  """

  auroc: float
  false_alarms: float = float("nan")
  detected: float = float("nan")


def auroc(scores: npt.ArrayLike, is_anomaly: npt.ArrayLike) -> float:
  """The area under the receiver operating characteristic; ties count as one half.

  Args:
    scores: `[n]`, higher is stranger.
    is_anomaly: bool `[n]`, some of each kind.
  """
  scores, is_anomaly = np.asarray(scores), np.asarray(is_anomaly, bool)
  ranks = scipy.stats.rankdata(scores)
  anomalies = is_anomaly.sum()
  pairs = anomalies * (len(scores) - anomalies)
  return float((ranks[is_anomaly].sum() - anomalies * (anomalies + 1) / 2) / pairs)


def detected(
  scores: np.ndarray, is_anomaly: np.ndarray, is_alarm: np.ndarray
) -> Detected:
  """AUROC, and the shares of normal examples and of anomalies that are alarms; `[n]`."""
  return Detected(
    auroc(scores, is_anomaly),
    float(np.mean(is_alarm[~is_anomaly])),
    float(np.mean(is_alarm[is_anomaly])),
  )
