"""A training step and a test step of a model that is trained by maximising a bound.

`loss` is the one minimised number:

    loss = -(N/M) sum_i w_i bound_i  -  log p(theta, phi)  +  sum of the layers' losses

where N/M is 1/M without a `dataset_size` (the loss is then the mean per example), w_i
are sample weights, and the prior is left out without a `parameter_prior_stddev`. Losses
of layers (regularizers, `add_loss`) count once for an update, as in Keras; with a
`dataset_size` they are added to the bound of the whole data set.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.likelihoods.observed import is_observed
from aevb_tf.loops import conversion, inputs
from aevb_tf.loops.monitor import (
  InvalidDataError,
  NonFiniteError,
  all_finite,
  gradients_to_check,
)
from aevb_tf.random import Purpose

if TYPE_CHECKING:
  from aevb_tf.models.generative import GenerativeModel

# If the first log-likelihood per value is below this, the data are far from the output
# of the untrained decoder: 8 standard deviations of a normal.
_FAR = -32.0


class Parts(Protocol):
  """What `bound_parts` gives: these, and the model's `measures` and `watched`."""

  @property
  def bound(self) -> tf.Tensor: ...

  @property
  def log_likelihood(self) -> tf.Tensor: ...


class Step(NamedTuple):
  """The result of a training step."""

  parts: Parts
  loss: tf.Tensor  # scalar
  gradients: list[tf.Tensor]  # those that show whether all are finite


def train(model: "GenerativeModel", data: Any) -> dict[str, tf.Tensor]:
  """`model.learn` from a batch, with noise that depends on the number of updates so far.

  Args:
    model: A `GenerativeModel`.
    data: A batch, as Keras passes it to a step.

  Returns:
    The model's metrics.
  """
  x, y, weights = unpacked(model, data)
  with model.given_y(y):
    return _train(model, x, y, weights)


def _train(model, x, y, weights):
  step = model.update_count.result()
  seed = _replica_seed(model.seed, Purpose.TRAIN)
  seed = random.derive(seed, Purpose.STEP, step)
  checks = model.checks(x, y)  # before any update, since they may raise
  parts, loss, gradients = model.learn(x, y, weights, seed)
  healthy = {
    **checks,
    **{name: all_finite([getattr(parts, k)]) for k, name in model.watched.items()},
  }
  # Loss scaling sometimes overflows by design, and skips those updates.
  if not isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer):
    healthy["gradient"] = all_finite(gradients)
  model.monitor.update_first(tf.equal(step, 0), tf.reduce_mean(parts.log_likelihood))
  return _update_metrics(model, x, y, parts, loss, weights, healthy)


def test(model: "GenerativeModel", data: Any) -> dict[str, tf.Tensor]:
  """The bound of a batch; the noise of the i-th example is always the same.

  Args:
    model: A `GenerativeModel`.
    data: A batch, as Keras passes it to a step.

  Returns:
    The model's metrics.
  """
  x, y, weights = unpacked(model, data)
  with model.given_y(y):
    return _test(model, x, y, weights)


def _test(model, x, y, weights):
  rows = tf.range(tf.shape(x)[0]) + tf.cast(model.monitor.examples, tf.int32)
  seed = _replica_seed(model.seed, Purpose.TEST)
  parts, loss = _loss(
    model, lambda: parts_of(model, x, y, seed, rows, training=False), weights
  )
  healthy = {
    "targets": model.in_support(scored(model, x, y)),
    **model.condition_checks(x, y),
  }
  return _update_metrics(model, x, y, parts, loss, weights, healthy)


def predict(model: "GenerativeModel", data: Any) -> tf.Tensor:
  """The reconstruction of a batch, whose y is the condition, if the model has one.

  Args:
    model: A `GenerativeModel`.
    data: A batch, as Keras passes it to a step.
  """
  x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
  options = {"training": False} if model._call_has_training_arg else {}
  if model.condition is None:
    return model(x, **options)
  x, c = model.split_inputs(x)
  y = y if c is None else c
  error = model.batch_error("condition")
  checks = model.condition_checks(x, y).values()
  with tf.control_dependencies([tf.debugging.Assert(ok, [error]) for ok in checks]):
    x = tf.identity(x)
  with model.given_y(y):
    return model(x, **options)


def update(
  model: "GenerativeModel",
  bound_parts: Callable[[], Parts],
  weights: tf.Tensor | None = None,
) -> Step:
  """One update of all trainable variables.

  Args:
    model: A `GenerativeModel`.
    bound_parts: Returns the parts of the bound at the current values of the variables.
    weights: Weight of each example, float `[batch]`; None gives each the weight 1.
  """
  variables = model.trainable_variables
  with tf.GradientTape() as tape:
    parts, loss = _loss(model, bound_parts, weights)
    scaled = model.optimizer.scale_loss(loss / _num_replicas())
  gradients = tape.gradient(scaled, variables)
  # Some reads of a variable in the loss do not enter its gradient. Without this
  # dependency, graph optimizations could move such a read after the update. It also
  # ensures that an update is not counted if the shape of the data is wrong.
  with tf.control_dependencies([loss]):
    model.update_count.update_state()
    model.optimizer.apply_gradients(zip(gradients, variables, strict=True))
  return Step(parts, loss, gradients_to_check(variables, gradients))


def unpacked(
  model: "GenerativeModel", data: Any
) -> tuple[tf.Tensor, tf.Tensor | None, tf.Tensor | None]:
  """x as the model's data, y and weights, or None for those that are missing."""
  x, y, weights = inputs.unpack(data)
  # As numbers: values of every dtype are checked with the step's own message.
  return model.as_data(conversion.as_tensor(x)), y, weights


def parts_of(
  model: "GenerativeModel",
  x: tf.Tensor,
  y: tf.Tensor | None,
  seed: tf.Tensor,
  rows: tf.Tensor,
  training: bool,
) -> Parts:
  """`model.bound_parts` of a batch, with y as the targets if it has x's shape."""
  targets = model.targets(x, y)
  options = {} if targets is None else {"targets": targets}
  return model.bound_parts(x, seed, rows, training=training, **options)


def scored(model: "GenerativeModel", x: tf.Tensor, y: tf.Tensor | None) -> tf.Tensor:
  """The values that the likelihood scores: the targets, or x itself."""
  targets = model.targets(x, y)
  return x if targets is None else targets


def raise_faults(model: "GenerativeModel", kind: str, epoch: int, step: int) -> None:
  """Raises the errors that the monitor found in the last call; warns of distant data.

  Args:
    model: A `GenerativeModel`.
    kind: "train" or "test".
    epoch: Number of the epoch, from 0.
    step: Number of the first step of the call, from 0.

  Raises:
    InvalidDataError: A batch has values that are invalid for the model.
    NonFiniteError: A bound or gradient became NaN or infinite.
  """
  causes = model.monitor.causes()
  if not causes:
    if kind == "train" and step == epoch == 0:
      _warn_of_far_data(model)
    return
  if causes[0] in model.checked:
    raise InvalidDataError(model.batch_error(causes[0]))
  step = as_int(model.monitor.good_steps) // _num_replicas() + 1
  raise NonFiniteError(
    f"Training stopped: the {' and the '.join(causes)} became NaN or infinite at step "
    f"{step} of epoch {epoch + 1}. Checkpoints of earlier epochs are unchanged. Try "
    "a smaller learning rate, or `clipnorm=1.0` in the optimizer."
  )


def as_int(variable: keras.Variable) -> int:
  """The value of an integer variable, which may have a copy on each replica."""
  return int(tf.convert_to_tensor(variable))


def _loss(model, bound_parts, weights):
  """The parts of the bound, and the loss with the losses of layers."""
  with _one_call(model):
    parts = bound_parts()
    losses = model.layer_losses()
  loss = model.minibatch_loss(parts, weights, _batch_size(parts.bound))
  return parts, tf.add_n([loss, *(tf.cast(each, loss.dtype) for each in losses)])


def _update_metrics(model, x, y, parts, loss, weights, healthy):
  batch = tf.shape(x)[0]
  for name in model.measures:
    tracker = getattr(model, f"{name}_tracker")
    tracker.update_state(getattr(parts, name), sample_weight=weights)
  if model.missing is not None:
    observed = tf.cast(is_observed(scored(model, x, y)), tf.float32)
    observed = tf.reduce_mean(observed, axis=range(1, observed.shape.rank))
    model.observed_tracker.update_state(observed, sample_weight=weights)
  share = _batch_size(x)
  model.loss_tracker.update_state(loss, sample_weight=batch if share is None else share)
  model.monitor.update_state(batch, healthy)
  if model._compile_metrics is not None:
    if model.missing is not None:
      raise ValueError(
        "compile(metrics=...) compares whole examples with their reconstructions, and "
        "these may have missing values: leave metrics out."
      )
    model._compile_metrics.update_state(
      scored(model, x, y), model(x), sample_weight=weights
    )
  return model.get_metrics_result()


def _warn_of_far_data(model):
  size = int(np.prod(model.event_shape))
  value = float(tf.convert_to_tensor(model.monitor.first)) / size
  if value < _FAR:
    warnings.warn(
      f"At the first update log p(x|z) is {value:,.0f} nats for each of the {size} "
      "values of an example: the data are far from the output of the untrained decoder. "
      "Scale them, for example to mean 0 and deviation 1, or start the decoder at "
      "their mean: `decoder.start_at_mean(x.mean(0))` of an MLPDecoder, or "
      "`--config.output_bias=data_mean`.",
      stacklevel=2,
    )


@contextlib.contextmanager
def _one_call(model: "GenerativeModel") -> Iterator[None]:
  """In this context layers accumulate their losses, as in one call of a Keras model."""
  context = model._get_call_context()
  try:
    yield
  finally:
    if context.entry_layer is model:
      model._maybe_reset_call_context()


def _batch_size(values: tf.Tensor) -> tf.Tensor | None:
  """M as the mean over replicas, or None if there is a single replica."""
  if _num_replicas() == 1:
    return None
  size = tf.cast(tf.shape(values)[0], tf.float32)
  context = tf.distribute.get_replica_context()
  return context.all_reduce("sum", size) / _num_replicas()


def _num_replicas() -> int:
  return tf.distribute.get_strategy().num_replicas_in_sync


def _replica_seed(seed, purpose):
  """A seed for a purpose, different on every replica of a distribution strategy."""
  seed = random.derive(seed, purpose)
  if _num_replicas() == 1:
    return seed
  context = tf.distribute.get_replica_context()
  return random.derive(seed, Purpose.REPLICA, context.replica_id_in_sync_group)
