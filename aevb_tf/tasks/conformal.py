"""Split-conformal p-values: how often a normal example is as strange as this one.

With the scores s_1, ..., s_n of normal examples, which neither the model nor the score
has seen,

    p(x) = (1 + number of s_i >= s(x)) / (n + 1)

If x is normal, P(p(x) <= a) <= a for every a: the scores of n + 1 exchangeable examples
are ranked in any order with the same probability. That holds whatever the model is worth;
a better one finds more of the strange examples at the same rate of false alarms.

References:
  Vovk, Gammerman, Shafer. Algorithmic learning in a random world. Springer, 2005.
  Bates, Candes, Lei, Romano, Sesia. Testing for outliers with conformal p-values. Annals
    of Statistics, 2023.
"""

import math

import numpy as np
import tensorflow as tf


def p_values(scores: tf.Tensor, calibration: tf.Tensor) -> tf.Tensor:
  """The p-value of each example.

  Args:
    scores: float32 `[batch]`; NaN gives NaN.
    calibration: Scores of normal examples, float32 `[n]`.

  Returns:
    float32 `[batch]`, from 1 / (n + 1) to 1.
  """
  as_strange = calibration[tf.newaxis] >= scores[:, tf.newaxis]
  count = tf.reduce_sum(tf.cast(as_strange, tf.float32), axis=1)
  size = tf.cast(tf.shape(calibration)[0], tf.float32)
  values = (1.0 + count) / (size + 1.0)
  return tf.where(tf.math.is_nan(scores), scores, values)


def threshold(calibration: np.ndarray, false_alarm_rate: float) -> float:
  """The score above which p(x) is at most the rate.

  Args:
    calibration: Scores of normal examples, float32 `[n]`.
    false_alarm_rate: a, above 0 and below 1.

  Raises:
    ValueError: There are too few scores for any p-value to be that small.
  """
  return float(np.sort(calibration)[-rank(false_alarm_rate, len(calibration))])


def rank(false_alarm_rate: float, num_calibration: int) -> int:
  """The rank of the threshold: 1 if it is the largest score of the normal examples.

  Args:
    false_alarm_rate: Above 0 and below 1.
    num_calibration: The number of scores of normal examples.

  Raises:
    ValueError: There are too few scores for any p-value to be that small.
  """
  count = math.floor(false_alarm_rate * (num_calibration + 1) + 1e-9)
  if count < 1:
    needed = math.ceil(1.0 / false_alarm_rate) - 1
    raise ValueError(
      f"false_alarm_rate={false_alarm_rate} needs at least {needed} normal examples, and "
      f"there are {num_calibration}: give more, or a larger rate."
    )
  return count
