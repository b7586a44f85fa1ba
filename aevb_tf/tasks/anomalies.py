"""Anomaly detection: scores of a trained model, and a threshold with a guarantee.

detector = aevb_tf.tasks.AnomalyDetector(vae).fit(x_train)
detector.fit_threshold(x_normal, false_alarm_rate=0.01)
detector.predict(x)          # True for an anomaly
detector.p_values(x)         # how often a normal example is as strange
detector.save("detector.keras")
"""

from collections.abc import Callable
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import checks, conditions, random
from aevb_tf.evidence.batches import over_batches
from aevb_tf.evidence.estimation import check_built, check_has_encoder
from aevb_tf.random import Purpose
from aevb_tf.representation import Represented
from aevb_tf.tasks import conformal, scores
from aevb_tf.tasks.scores.base import weight_of_shape
from aevb_tf.types import TensorLike


@keras.saving.register_keras_serializable(package="aevb_tf")
class AnomalyDetector(Represented, keras.Model):
  """Finds examples that are unlike those that a model was trained on.

  `scores`, `p_values`, `predict` and `maps` take `x` `[n, *event_shape]`, `condition`, as
  the methods of the model do, and `batch_size`, the number of examples at once. A call
  `detector(x)` returns scores, in a graph too.

  Args:
    vae: A built `VAE`, `WakeSleep`, `FullVB` or `SemiSupervisedVAE`, trained on normal
      examples.
    score: Name, options or object of `aevb_tf.tasks.scores`. None takes that of
      `scores.default_for`.
    seed: Of all noise. The score of an example depends on its place in x, unless the
      score has no noise, as `nearest_features`.
    is_fitted: Set by `fit`.
    num_calibration: Set by `fit_threshold`: the number of scores that are kept.
    false_alarm_rate: Set by `fit_threshold`.

  Raises:
    ValueError: The model is not built, or the score cannot be computed with it.
  """

  def __init__(
    self,
    vae: keras.Model,
    score: scores.ScoreLike | None = None,
    seed: int = 0,
    is_fitted: bool = False,
    num_calibration: int | None = None,
    false_alarm_rate: float | None = None,
    **kwargs: Any,
  ):
    super().__init__(**kwargs)
    check_has_encoder(vae)
    check_built(vae)
    self.vae, self.seed = vae, int(seed)
    self.score = scores.get(scores.default_for(vae) if score is None else score)
    self.score.check(vae)
    self.is_fitted = is_fitted or not self.score.needs_fit
    self.false_alarm_rate = false_alarm_rate
    self.calibration: keras.Variable | None = None
    if num_calibration is not None:
      self._create(num_calibration)
    self._compiled: dict[str, Callable] = {}
    self.built = True

  def _create(self, num_calibration):
    self.calibration = weight_of_shape(
      self, self.calibration, (num_calibration,), "calibration"
    )
    return self.calibration

  # Normal examples.

  def fit(
    self, x: TensorLike, condition: Any = None, batch_size: int | None = None
  ) -> Self:
    """Learns what the score needs of normal examples, such as those of training.

    The model itself is not trained. A threshold has to be fitted again.

    Args:
      x: `[n, *event_shape]`.
      condition: c of each example, or one for all, if the model has a condition.
      batch_size: Examples at once; None chooses one that fits into memory.

    Returns:
      The detector.

    Raises:
      ValueError: There are too few examples, or they do not fit the model.
    """

    def run(function):
      return self._over(function, Purpose.SCORE, x, condition, batch_size)

    self.score.fit(self.vae, run, self.seed)
    self._compiled.clear()  # weights of the score may be new
    if self.calibration is not None:
      self._untrack_variable(self.calibration)  # the file would have it, too
    self.is_fitted, self.calibration, self.false_alarm_rate = True, None, None
    return self

  def fit_threshold(
    self,
    x_normal: TensorLike,
    false_alarm_rate: float = 0.01,
    condition: Any = None,
    batch_size: int | None = None,
  ) -> Self:
    """Sets the threshold above which a normal example is at most this often.

    The guarantee holds for normal examples that neither the training nor `fit` has seen:
    see `aevb_tf.tasks.conformal`.

    Args:
      x_normal: `[n, *event_shape]`, n at least 1 / false_alarm_rate - 1.
      false_alarm_rate: Above 0 and below 1.
      condition: c of each example, or one for all, if the model has a condition.
      batch_size: Examples at once.

    Returns:
      The detector.

    Raises:
      ValueError: The rate is out of range, or there are too few examples for it.
    """
    rate = checks.fraction("false_alarm_rate", false_alarm_rate)
    found = self._scores(x_normal, Purpose.CALIBRATE, condition, batch_size)
    conformal.threshold(found, rate)  # raises an error
    self._create(len(found)).assign(np.sort(found))
    self.false_alarm_rate = rate
    return self

  # Answers.

  @property
  def threshold(self) -> float | None:
    """The score above which an example is an anomaly; None before `fit_threshold`."""
    if self.calibration is None or self.false_alarm_rate is None:
      return None
    return conformal.threshold(np.asarray(self.calibration), self.false_alarm_rate)

  def scores(
    self, x: TensorLike, condition: Any = None, batch_size: int | None = None
  ) -> np.ndarray:
    """How strange each example is, float32 `[n]`: higher is stranger."""
    return self._scores(x, Purpose.SCORE, condition, batch_size)

  def p_values(
    self, x: TensorLike, condition: Any = None, batch_size: int | None = None
  ) -> np.ndarray:
    """How often a normal example is as strange as each, float32 `[n]`.

    Raises:
      ValueError: `fit_threshold` was not called.
    """
    self._known_calibration()  # raises an error before the work
    return self.p_values_of(self.scores(x, condition, batch_size))

  def p_values_of(self, scores: np.ndarray) -> np.ndarray:
    """How often a normal example is as strange as those of these scores, float32 `[n]`.

    Args:
      scores: The result of `scores`, `[n]`.

    Raises:
      ValueError: `fit_threshold` was not called.
    """
    calibration = self._known_calibration()
    return np.asarray(conformal.p_values(tf.constant(scores), calibration.value))

  def predict(
    self, x: TensorLike, condition: Any = None, batch_size: int | None = None
  ) -> np.ndarray:
    """Whether each example is an anomaly, bool `[n]`.

    Raises:
      ValueError: `fit_threshold` was not called.
    """
    self._known_calibration()
    return self.scores(x, condition, batch_size) > np.float32(self.threshold)

  def maps(
    self, x: TensorLike, condition: Any = None, batch_size: int | None = None
  ) -> np.ndarray:
    """What in each example is strange, float32 `[n, *event_shape]`.

    Raises:
      ValueError: The score has no parts of features.
    """
    self._check_fitted()
    return self._over(self.score.of_features, Purpose.SCORE, x, condition, batch_size)

  def call(self, x):
    """Scores, float32 `[batch]`, of x `[batch, *event_shape]` or `(x, condition)`."""
    self._check_fitted()
    x, condition = self.vae.split_inputs(x)
    x = self.vae.as_data(x)
    num = self.vae.num_of(x)
    seed = random.derive(self.seed, Purpose.SCORE)
    with self.vae.given(condition, num):
      return self.score.scores(self.vae, x, seed, tf.range(num))

  def _scores(self, x, purpose, condition, batch_size):
    self._check_fitted()
    return self._over(self.score.scores, purpose, x, condition, batch_size)

  def _over(self, function, purpose, x, condition, batch_size):
    """A function of the score, of all examples."""
    seed, compute = random.derive(self.seed, purpose), self._compute(function)

    def scored(x, rows):
      c = conditions.current(self.vae)
      return compute(x, seed, rows) if c is None else compute(x, seed, rows, c)

    return over_batches(self.vae, scored, x, condition, batch_size)

  def _compute(self, function):
    """A function of the score, compiled; its last argument is the condition, if any."""
    vae = self.vae

    def given(x, seed, rows, features=None):
      with conditions.given(vae, features):
        return function(vae, x, seed, rows)

    name = function.__name__
    if name not in self._compiled:
      signature = [
        tf.TensorSpec([None, *vae.event_shape], tf.float32),
        tf.TensorSpec([2], tf.int32),
        tf.TensorSpec([None], tf.int32),
      ]
      if vae.condition is not None:
        shape = [None, *vae.condition.features_shape]
        signature.append(tf.TensorSpec(shape, tf.float32))
      self._compiled[name] = tf.function(
        given, input_signature=signature, autograph=False
      )
    return self._compiled[name]

  def _check_fitted(self):
    if not self.is_fitted:
      raise ValueError(
        f"The score {scores.name_of(self.score)!r} needs normal examples: call `fit(x)` "
        "with those of training first."
      )

  def _known_calibration(self):
    if self.calibration is None:
      raise ValueError(
        "The threshold is not set: call `fit_threshold(x_normal)` with normal examples "
        "that the model was not trained on."
      )
    return self.calibration

  def is_of(self, vae: keras.Model) -> bool:
    """Whether the detector is one of this model: whether both have the same weights."""
    ours, theirs = self.vae.get_weights(), vae.get_weights()
    return len(ours) == len(theirs) and all(map(np.array_equal, ours, theirs))

  # Saving.

  def get_config(self):
    serialize = keras.saving.serialize_keras_object
    count = None if self.calibration is None else self.calibration.shape[0]
    return {
      **super().get_config(),
      "vae": serialize(self.vae),
      "event_shape": list(self.vae.event_shape),
      "score": serialize(self.score),
      "seed": self.seed,
      "is_fitted": self.is_fitted,
      "num_calibration": count,
      "false_alarm_rate": self.false_alarm_rate,
    }

  @classmethod
  def from_config(cls, config, custom_objects=None):
    config = dict(config)
    deserialize = keras.saving.deserialize_keras_object
    vae = deserialize(config.pop("vae"), custom_objects)
    vae.build((None, *config.pop("event_shape")))
    return cls(vae, deserialize(config.pop("score"), custom_objects), **config)
