"""A Keras model that is trained by maximising a bound.

Subclasses say what the bound is (`bound_parts`); this class makes of it a training
step, a test step, metrics and errors. `loss` is the one minimised number:

    loss = -(N/M) sum_i bound_i  -  log p(theta, phi)

where N/M is 1/M without a `dataset_size` (the loss is then the mean per datum), and the
last term is left out without a `parameter_prior_stddev`.

A model whose loss is another one overrides `minibatch_loss`; one that learns in other
ways than by one update a step overrides `learn`, and makes its updates with `update`.
Two objectives whose gradients do not meet are one: their sum.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.bounds import log_parameter_prior, minibatch_bound
from aevb_tf.models.loops import LoopModel
from aevb_tf.models.monitor import NonFiniteError, StepMonitor, all_finite, telling

# What seeds are folded with, so that no two uses of one seed share their noise.
_TRAINING, _TESTING = 1, 2


class BoundParts(NamedTuple):
  """A bound and what is reported beside it; nats per datum, `[batch]`."""

  bound: tf.Tensor
  elbo: tf.Tensor
  kl: tf.Tensor
  log_likelihood: tf.Tensor


class Step(NamedTuple):
  """What a training step leaves behind."""

  parts: Any  # what `bound_parts` gave
  loss: tf.Tensor  # scalar
  gradients: list[tf.Tensor]  # those that tell whether all are finite


class BoundModel(LoopModel):
  """Base of the models that maximise a bound.

  Attributes:
    measures: Fields of `bound_parts` that are reported as metrics, beside `loss`.
    watched: Fields of `bound_parts` that have to stay finite -> their names in errors.
    checked: What `checks` may find wrong with a batch, in the order of errors.

  Args:
    dataset_size: N of eq. 8, or None for the bound per datum.
    parameter_prior_stddev: Standard deviation of the Gaussian prior on all trainable
      parameters (MAP); None for maximum likelihood. Needs `dataset_size`, since the
      prior counts once for a data set.
    seed: Seed of all noise in training and evaluation; None draws one (from NumPy's
      global state, which `keras.utils.set_random_seed` sets).

  Raises:
    ValueError: `dataset_size` or `parameter_prior_stddev` is impossible.
  """

  measures = ("elbo", "kl", "log_likelihood")
  watched = {"log_likelihood": "log-likelihood", "kl": "KL", "bound": "bound"}
  checked = ("targets",)

  def __init__(
    self,
    dataset_size: int | None = None,
    parameter_prior_stddev: float | None = None,
    seed: int | None = None,
    **kwargs,
  ):
    super().__init__(**kwargs)
    if dataset_size is not None and dataset_size < 1:
      raise ValueError(f"dataset_size={dataset_size!r} has to be positive, or None.")
    if parameter_prior_stddev is not None:
      if not parameter_prior_stddev > 0:
        raise ValueError(
          f"parameter_prior_stddev={parameter_prior_stddev!r} has to be positive, or None."
        )
      if dataset_size is None:
        raise ValueError(
          "parameter_prior_stddev needs dataset_size: the prior on the parameters counts "
          "once for the data set. Pass dataset_size=N."
        )
    self.dataset_size = dataset_size
    self.parameter_prior_stddev = parameter_prior_stddev
    self.seed = int(np.random.randint(2**31)) if seed is None else int(seed)
    for name in (*self.measures, "loss"):
      setattr(self, f"{name}_tracker", keras.metrics.Mean(name=name))
    self.monitor = StepMonitor((*self.checked, *self.watched.values(), "gradient"))

  # What a subclass says.

  def bound_parts(
    self, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor, training: bool
  ) -> Any:
    """The bound of each datum, and what is reported of it.

    Args:
      x: float32 `[batch, *event_shape]`.
      seed: int32 `[2]`.
      rows: int32 `[batch]`: the noise of datum i depends on (seed, rows[i]) alone.
      training: As in `call`.

    Returns:
      `BoundParts`, or another tuple with `bound`, `measures` and `watched`, nats,
      `[batch]`.
    """
    raise TypeError(f"{type(self).__name__} has to define `bound_parts`.")

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    """Whether all targets can be scored: a boolean scalar."""
    raise TypeError(f"{type(self).__name__} has to define `in_support`.")

  def refusal(self, span: str) -> str:
    """The message about targets that cannot be scored."""
    raise TypeError(f"{type(self).__name__} has to define `refusal`.")

  # What a subclass may say otherwise.

  def checks(self, x: tf.Tensor, y: tf.Tensor | None) -> dict[str, tf.Tensor]:
    """What of a training batch is as it has to be: boolean scalars, by `checked`."""
    return {"targets": self.in_support(x)}

  def mistake(self, what: str) -> str:
    """The message about a batch in which one of `checked` was found wrong."""
    return self.refusal("hold values out of range, or NaN")

  def learn(
    self,
    x: tf.Tensor,
    y: tf.Tensor | None,
    weights: tf.Tensor | None,
    seed: tf.Tensor,
  ) -> Step:
    """Algorithm 1: noise, the gradient of the minibatch bound, an update.

    Args:
      x: float32 `[batch, *event_shape]`.
      y: What came with them, or None; nothing is made of it here.
      weights: float `[batch]`, how often each datum counts; None counts each once.
      seed: int32 `[2]`, different at each step.
    """
    rows = tf.range(tf.shape(x)[0])
    return self.update(lambda: self.bound_parts(x, seed, rows, training=True), weights)

  def minibatch_loss(self, parts: Any, weights: tf.Tensor | None) -> tf.Tensor:
    """The loss of a minibatch, a scalar, from what `bound_parts` gave."""
    loss = -minibatch_bound(parts.bound, self.dataset_size, weights)
    if self.parameter_prior_stddev is not None:
      stddev = self.parameter_prior_stddev
      loss -= log_parameter_prior(self.trainable_variables, stddev)
    return loss

  def update(
    self, bound_parts: Callable[[], Any], weights: tf.Tensor | None = None
  ) -> Step:
    """One update of all trainable variables.

    Args:
      bound_parts: Gives the parts of the bound, at the variables as they are.
      weights: As in `learn`.
    """
    variables = self.trainable_variables
    with tf.GradientTape() as tape:
      parts = bound_parts()
      loss = self.minibatch_loss(parts, weights)
      scaled = self.optimizer.scale_loss(loss / _num_replicas())
    gradients = tape.gradient(scaled, variables)
    # Some of what the loss reads enters no gradient of the variable that it is read from:
    # graph optimizations would let such a read see the update.
    with tf.control_dependencies([loss]):
      self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return Step(parts, loss, telling(variables, gradients))

  # Keras.

  def compile(self, optimizer: Any = "adam", loss: Any = None, **kwargs) -> None:
    """Configures training, as `keras.Model.compile` does.

    Args:
      optimizer: Keras optimizer or its name.
      loss: Not taken: the loss is minus the bound.
      **kwargs: `metrics` (called with the data and their reconstruction),
        `jit_compile`, `steps_per_execution`, `run_eagerly`, `auto_scale_loss`.

    Raises:
      ValueError: A `loss` was given.
    """
    if loss is not None:
      raise ValueError(
        f"compile(loss={loss!r}): the loss of {type(self).__name__} is minus its bound."
        " Choose `bound=` at construction instead, and leave `loss` out."
      )
    super().compile(optimizer=optimizer, **kwargs)

  def compile_from_config(self, config):
    self.compile(**keras.saving.deserialize_keras_object(config))
    if self.built:
      self.optimizer.build(self.trainable_variables)

  @property
  def metrics(self):
    own = [getattr(self, f"{name}_tracker") for name in (*self.measures, "loss")]
    compiled = [] if self._compile_metrics is None else [self._compile_metrics]
    return [*own, *compiled]

  def reset_metrics(self):
    super().reset_metrics()
    self.monitor.reset_state()

  def train_step(self, data):
    """`learn` from a batch, with noise that depends on the number of updates so far."""
    x, y, weights = _targets(data)
    seed = random.fold_in(
      _replica_seed(self.seed, _TRAINING), self.optimizer.iterations
    )
    parts, loss, gradients = self.learn(x, y, weights, seed)
    healthy = {
      **self.checks(x, y),
      **{name: all_finite([getattr(parts, k)]) for k, name in self.watched.items()},
    }
    # Loss scaling overflows on purpose now and then, and skips those updates.
    if not isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
      healthy["gradient"] = all_finite(gradients)
    return self._update_metrics(x, parts, loss, weights, healthy)

  def test_step(self, data):
    """The bound of a batch; the noise of the i-th example is always the same."""
    x, _, weights = _targets(data)
    rows = tf.range(tf.shape(x)[0]) + tf.cast(self.monitor.examples, tf.int32)
    seed = _replica_seed(self.seed, _TESTING)
    parts = self.bound_parts(x, seed, rows, training=False)
    healthy = {"targets": self.in_support(x)}
    loss = self.minibatch_loss(parts, weights)
    return self._update_metrics(x, parts, loss, weights, healthy)

  def _update_metrics(self, x, parts, loss, weights, healthy):
    batch = tf.shape(x)[0]
    for name in self.measures:
      tracker = getattr(self, f"{name}_tracker")
      tracker.update_state(getattr(parts, name), sample_weight=weights)
    self.loss_tracker.update_state(loss, sample_weight=batch)
    self.monitor.update_state(batch, healthy)
    if self._compile_metrics is not None:
      self._compile_metrics.update_state(x, self(x), sample_weight=weights)
    return self.get_metrics_result()

  def after_call(self, kind: str, epoch: int, step: int) -> None:
    """Raises what the monitor saw in the steps of the last call."""
    causes = self.monitor.causes()
    if not causes:
      return
    if causes[0] in self.checked:
      raise ValueError(self.mistake(causes[0]))
    step = int(self.monitor.good_steps) // _num_replicas() + 1
    raise NonFiniteError(
      f"Training stopped: the {' and the '.join(causes)} became NaN or infinite at step "
      f"{step} of epoch {epoch + 1}. Checkpoints of earlier epochs are as they were. Try "
      "a smaller learning rate, or `clipnorm=1.0` in the optimizer."
    )


def _targets(data):
  """x as float32, what came with it, and the weights of its data; None where none is."""
  x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
  return tf.cast(x, tf.float32), y, weights


def _num_replicas() -> int:
  return tf.distribute.get_strategy().num_replicas_in_sync


def _replica_seed(seed, purpose):
  """A seed for a purpose, different on every replica of a distribution strategy."""
  seed = random.fold_in(seed, purpose)
  if _num_replicas() == 1:
    return seed
  context = tf.distribute.get_replica_context()
  return random.fold_in(seed, context.replica_id_in_sync_group)
