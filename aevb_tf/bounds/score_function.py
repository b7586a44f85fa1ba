"""The usual Monte Carlo gradient (section 2.2): the score function estimator.

    f_l = log p(x, z_l) - log q(z_l|x)
    grad_phi E_q[f] = E_q[ (f - b) grad_phi log q(z|x) ]

for any baseline b that does not depend on z_l. It needs no path from phi to z, and has
very high variance. It is included to show what the reparameterization gains. The
decoder's gradient is that of f, as in SGVB.

References:
  Paisley, Blei, Jordan. Variational Bayesian inference with stochastic search. ICML
  2012.
  Mnih, Gregor. Neural variational inference and learning in belief networks. ICML 2014.
  Mnih, Rezende. Variational inference for Monte Carlo objectives. ICML 2016.
"""

from typing import Any, Literal, TypeAlias, get_args

import keras
import tensorflow as tf

from aevb_tf.bounds.base import Bound, registry, with_gradient_of
from aevb_tf.bounds.sgvb import sgvb_a
from aevb_tf.bounds.terms import Terms
from aevb_tf.checks import positive_int
from aevb_tf.types import IntLike

Baseline: TypeAlias = Literal["moving_average", "leave_one_out"]
_BASELINES = (None, *get_args(Baseline))
_DECAY = 0.99


@registry.register("score_function", package="aevb_tf.bounds")
class ScoreFunction(Bound, keras.layers.Layer):
  """The evidence lower bound, with the score function estimator of its gradient.

  It is a Keras layer so that the moving average is saved with the model.

  Args:
    num_samples: L, samples of z for each example.
    baseline: None; `"moving_average"`, the exponential moving average of f over the
      updates so far, with decay 0.99; or `"leave_one_out"`, the mean of f over the
      other L - 1 samples.

  Raises:
    ValueError: `num_samples` is not positive, `baseline` is unknown, or it is
      `"leave_one_out"` and `num_samples` is 1.
  """

  detached = True

  def __init__(
    self, num_samples: int = 1, baseline: Baseline | None = None, **kwargs: Any
  ):
    keras.layers.Layer.__init__(self, dtype=kwargs.pop("dtype", "float32"), **kwargs)
    if baseline not in _BASELINES:
      raise ValueError(f"baseline={baseline!r}: use one of {_BASELINES}.")
    self.num_samples = positive_int("num_samples", num_samples)
    if baseline == "leave_one_out" and self.num_samples < 2:
      raise ValueError("baseline='leave_one_out' needs num_samples of at least 2.")
    self.baseline = baseline
    if baseline == "moving_average":
      # Sum of the weighted f and sum of the weights: their ratio has no initial bias.
      self.sums = self.add_weight(
        (2,), "zeros", trainable=False, aggregation="mean", name="moving_average"
      )
    self.built = True

  def __call__(
    self, terms: Terms, step: IntLike = 0, training: bool = False
  ) -> tf.Tensor:
    """The bound, nats per example, `[batch]`."""
    signal = tf.stop_gradient(terms.log_weight)
    log_joint = terms.log_likelihood + terms.log_prior
    score = (signal - self._baseline(signal, training)) * terms.log_q
    return with_gradient_of(tf.reduce_mean(log_joint + score, axis=0), sgvb_a(terms))

  def _baseline(self, signal, training):
    if self.baseline is None:
      return 0.0
    if self.baseline == "leave_one_out":
      total = tf.reduce_sum(signal, axis=0, keepdims=True)
      return (total - signal) / (self.num_samples - 1.0)
    # The baseline from before this batch: it must not depend on these samples.
    weighted, weights = tf.unstack(tf.convert_to_tensor(self.sums))
    if training:
      new = tf.stack([tf.reduce_mean(signal), 1.0])
      self.sums.assign(_DECAY * self.sums + (1.0 - _DECAY) * new)
    return tf.math.divide_no_nan(weighted, weights)

  def get_config(self):
    return {
      **keras.layers.Layer.get_config(self),
      "num_samples": self.num_samples,
      "baseline": self.baseline,
    }
