"""A Keras model that is trained by maximising a bound.

Subclasses say what the bound is (`bound_parts`); this class makes of it a training
step, a test step, metrics and errors. `loss` is the one minimised number:

    loss = -(N/M) sum_i w_i bound_i  -  log p(theta, phi)  +  sum of the layers' losses

where N/M is 1/M without a `dataset_size` (the loss is then the mean per example), w_i
are sample weights, and the prior is left out without a `parameter_prior_stddev`. Losses
of layers (regularizers, `add_loss`) count once for an update, as in Keras: with a
`dataset_size` they stand beside a bound of the whole data set.

A model whose loss is another one overrides `minibatch_loss`; one that learns in other
ways than by one update a step overrides `learn`, and makes its updates with `update`.
Two objectives whose gradients do not meet are one: their sum.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.bounds import log_parameter_prior, minibatch_bound
from aevb_tf.loops import DeviceLoop, inputs
from aevb_tf.loops.monitor import (
  InvalidDataError,
  NonFiniteError,
  StepMonitor,
  all_finite,
  telling,
)
from aevb_tf.models.updates import UpdateCount
from aevb_tf.random import Purpose

# A first log-likelihood below this for each value of an example means that the data lie
# far from what an untrained decoder gives: 8 standard deviations of a normal.
_FAR = -32.0


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


class BoundModel(keras.Model):
  """Base of the models that maximise a bound.

  Attributes:
    event_shape: Shape of one example; None until it is known.
    maximized: Names of metrics that are the better the larger they are.
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

  event_shape: tuple[int, ...] | None = None
  measures = ("elbo", "kl", "log_likelihood")
  maximized = ("elbo", "log_likelihood")
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
    self._device_loop = DeviceLoop(self)
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
    self.update_count = UpdateCount()
    # `tf.train.Checkpoint` knows TensorFlow's own variables.
    self._update_count_value = self.update_count.count.value
    for name in (*self.measures, "loss"):
      setattr(self, f"{name}_tracker", keras.metrics.Mean(name=name))
    self.monitor = StepMonitor((*self.checked, *self.watched.values(), "gradient"))

  @property
  def updates(self) -> keras.Variable:
    """How many updates the model was asked for, int64 scalar; see `UpdateCount`."""
    return self.update_count.count

  # What a subclass says.

  def bound_parts(
    self,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    training: bool,
    targets: tf.Tensor | None = None,
  ) -> Any:
    """The bound of each datum, and what is reported of it.

    Args:
      x: float32 `[batch, *event_shape]`.
      seed: int32 `[2]`.
      rows: int32 `[batch]`: the noise of datum i depends on (seed, rows[i]) alone.
      training: As in `call`.
      targets: float32 `[batch, *event_shape]`, what is scored in place of x; passed only
        where there are any.

    Returns:
      `BoundParts`, or another tuple with `bound`, `measures` and `watched`, nats,
      `[batch]`.
    """
    raise TypeError(f"{type(self).__name__} has to define `bound_parts`.")

  def as_data(self, x: Any) -> tf.Tensor:
    """`x` as float32 data of the model's shape, or an error that says what is wrong."""
    raise TypeError(f"{type(self).__name__} has to define `as_data`.")

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    """Whether all targets can be scored: a boolean scalar."""
    raise TypeError(f"{type(self).__name__} has to define `in_support`.")

  def refusal(self, span: str) -> str:
    """The message about targets that cannot be scored."""
    raise TypeError(f"{type(self).__name__} has to define `refusal`.")

  def check_data(self, x: np.ndarray) -> None:
    """Raises a ValueError where data in memory cannot be scored.

    Args:
      x: All that is scored; uint8 levels stand for level / 255.
    """
    raise TypeError(f"{type(self).__name__} has to define `check_data`.")

  # What a subclass may say otherwise.

  def xla_pays(self, num_examples: int) -> bool:
    """Whether "auto" compiles training with XLA on a CPU, for so many data an epoch."""
    return False

  def checks(self, x: tf.Tensor, y: tf.Tensor | None) -> dict[str, tf.Tensor]:
    """What of a training batch is as it has to be: boolean scalars, by `checked`."""
    return {"targets": self.in_support(self._scored(x, y))}

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
      y: What came with them, or None: of x's shape it is what is scored in its place,
        anything else is ignored.
      weights: float `[batch]`, how much each example counts; None counts each once.
      seed: int32 `[2]`, different at each step.
    """
    rows = tf.range(tf.shape(x)[0])
    return self.update(lambda: self._parts(x, y, seed, rows, training=True), weights)

  def _parts(self, x, y, seed, rows, training):
    """`bound_parts`, of targets where there are any."""
    targets = self.targets(x, y)
    options = {} if targets is None else {"targets": targets}
    return self.bound_parts(x, seed, rows, training=training, **options)

  def targets(self, x: tf.Tensor, y: Any) -> tf.Tensor | None:
    """What is scored in place of x: y if it has x's shape, else None."""
    return inputs.targets(x, y)

  def minibatch_loss(
    self,
    parts: Any,
    weights: tf.Tensor | None,
    batch_size: tf.Tensor | None = None,
  ) -> tf.Tensor:
    """The loss of a minibatch, a scalar, from what `bound_parts` gave.

    Args:
      parts: What `bound_parts` gave.
      weights: As in `learn`.
      batch_size: M, where it is not the number of the parts.
    """
    loss = -minibatch_bound(parts.bound, self.dataset_size, weights, batch_size)
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
      parts, loss = self._loss(bound_parts, weights)
      scaled = self.optimizer.scale_loss(loss / _num_replicas())
    gradients = tape.gradient(scaled, variables)
    # Some of what the loss reads enters no gradient of the variable that it is read from:
    # graph optimizations would let such a read see the update. Nor is an update counted
    # that data of another shape stop.
    with tf.control_dependencies([loss]):
      self.update_count.update_state()
      self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return Step(parts, loss, telling(variables, gradients))

  def _loss(self, bound_parts, weights):
    """The parts of the bound, and the loss with the losses of layers."""
    with _one_call(self):
      parts = bound_parts()
      losses = self.layer_losses()
    loss = self.minibatch_loss(parts, weights, _batch_size(parts.bound))
    return parts, tf.add_n([loss, *(tf.cast(each, loss.dtype) for each in losses)])

  def layer_losses(self) -> list[tf.Tensor]:
    """Scalars that layers add to the loss, of the pass through them that was just made."""
    return self.losses

  # Keras.

  def compile(
    self,
    optimizer: Any = "adam",
    loss: Any = None,
    loss_weights: Any = None,
    jit_compile: bool | str = "auto",
    device_loop: bool = True,
    **kwargs,
  ) -> None:
    """Configures training, as `keras.Model.compile` does.

    Args:
      optimizer: Keras optimizer or its name.
      loss: Not taken: the loss is minus the bound.
      loss_weights: Not taken: there are no losses to weigh.
      jit_compile: As in Keras; "auto" takes XLA on a CPU, too, where it pays.
      device_loop: Whether many steps may run in one compiled call (`aevb_tf.loops`);
        False leaves all loops to Keras.
      **kwargs: `metrics` (called with the data and their reconstruction),
        `steps_per_execution`, `run_eagerly`, `auto_scale_loss`.

    Raises:
      ValueError: A `loss` or `loss_weights` were given.
    """
    if loss_weights is not None:
      raise ValueError(
        f"compile(loss_weights={loss_weights!r}): the loss of {type(self).__name__} is "
        "minus its bound. Weigh the KL by kl_weight of its `bound=`, and leave "
        "loss_weights out."
      )
    if loss is not None:
      raise ValueError(
        f"compile(loss={loss!r}): the loss of {type(self).__name__} is minus its bound."
        " Choose `bound=` at construction instead, and leave `loss` out."
      )
    super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)
    self._device_loop.is_on = device_loop
    self._device_loop.chooses_xla = jit_compile == "auto" and not self.run_eagerly

  def get_compile_config(self):
    config = super().get_compile_config()
    if config and self._device_loop.chooses_xla:
      config = {**config, "jit_compile": "auto"}  # Keras keeps what it meant here
    if config and not self._device_loop.is_on:
      config = {**config, "device_loop": False}
    return config

  def compile_from_config(self, config):
    self.compile(**keras.saving.deserialize_keras_object(config))
    if self.built:
      self.optimizer.build(self.trainable_variables)

  def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
    """As `keras.Model.save`, to a `.keras` file: no other holds all of this model."""
    if str(filepath).endswith((".h5", ".hdf5")):
      raise ValueError(
        f"{filepath}: the HDF5 format of old cannot hold this model. Save to a file that "
        "ends in .keras, or its weights alone by save_weights, in .weights.h5."
      )
    super().save(filepath, *args, **kwargs)

  def fit(
    self,
    x=None,
    y=None,
    batch_size=None,
    epochs=1,
    verbose="auto",
    callbacks=None,
    validation_split=0.0,
    validation_data=None,
    shuffle=True,
    class_weight=None,
    sample_weight=None,
    initial_epoch=0,
    steps_per_epoch=None,
    validation_steps=None,
    validation_batch_size=None,
    validation_freq=1,
  ):
    """Trains the model; takes what `keras.Model.fit` takes.

    Data from `aevb_tf.data.load`, and arrays, are moved to the device once and trained
    on in compiled calls of many steps; a callback with a hook for every batch is still
    called for every batch. Keras' callbacks with `mode="auto"` know which metrics are to
    be maximized; KerasTuner does not: `keras_tuner.Objective("val_elbo", "max")`.

    Args:
      x: `ArrayDataset`, array, `tf.data.Dataset`, or `keras.utils.PyDataset`.
      y: Of x's shape, what the likelihood scores while the encoder sees x (denoising);
        else labels, which are ignored.
      batch_size: Batch size for arrays, 32 if not given.
      epochs: As in Keras.
      verbose: As in Keras.
      callbacks: As in Keras.
      validation_split: As in Keras.
      validation_data: As x, or `(x, y)`, or `(x, y, weights)`, where y may be None.
      shuffle: As in Keras.
      class_weight: As in Keras; needs labels.
      sample_weight: `[n]`, how much each example counts.
      initial_epoch: As in Keras.
      steps_per_epoch: As in Keras; passes over data in memory follow each other.
      validation_steps: As in Keras.
      validation_batch_size: As in Keras.
      validation_freq: As in Keras.

    Returns:
      A Keras `History`.

    Raises:
      NonFiniteError: A bound or gradient became NaN or infinite.
      ValueError: The data have another shape than the model's, some target is outside
        the likelihood's support, or a number of examples or steps is not positive.
      TypeError: The data are of a kind that a model cannot take.
    """
    return self._device_loop.fit(
      super().fit,
      x,
      y,
      batch_size=batch_size,
      epochs=epochs,
      verbose=verbose,
      callbacks=callbacks,
      validation_split=validation_split,
      validation_data=validation_data,
      shuffle=shuffle,
      class_weight=class_weight,
      sample_weight=sample_weight,
      initial_epoch=initial_epoch,
      steps_per_epoch=steps_per_epoch,
      validation_steps=validation_steps,
      validation_batch_size=validation_batch_size,
      validation_freq=validation_freq,
    )

  def evaluate(
    self,
    x=None,
    y=None,
    batch_size=None,
    verbose="auto",
    sample_weight=None,
    steps=None,
    callbacks=None,
    return_dict=False,
    **kwargs,
  ):
    """Evaluates the model; takes what `keras.Model.evaluate` takes.

    Every example weighs the same or as its weight says, a short last batch included,
    and its noise depends on the model's seed and its own place alone: the batch size
    changes nothing. Evaluations of one model in several threads take turns.

    Args:
      x: `ArrayDataset`, array, `tf.data.Dataset`, or `keras.utils.PyDataset`.
      y: As in `fit`.
      batch_size: Batch size for arrays, 32 if not given.
      verbose: As in Keras.
      sample_weight: `[n]`, how much each example counts.
      steps: As in Keras.
      callbacks: As in Keras.
      return_dict: Whether to return a dict.
      **kwargs: Keras' own.

    Returns:
      The model's metrics (for a `VAE` `elbo`, `kl`, `log_likelihood`, nats per example)
      and `loss`: a list, or with `return_dict=True` a dict.

    Raises:
      ValueError: As in `fit`.
      TypeError: As in `fit`.
    """
    return self._device_loop.evaluate(
      super().evaluate,
      x,
      y,
      batch_size=batch_size,
      verbose=verbose,
      sample_weight=sample_weight,
      steps=steps,
      callbacks=callbacks,
      return_dict=return_dict,
      **kwargs,
    )

  def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
    """As `keras.Model.predict`, in plain Keras' time."""
    return self._device_loop.predict(
      super().predict, x, batch_size, verbose, steps, callbacks
    )

  def train_on_batch(
    self, x, y=None, sample_weight=None, class_weight=None, return_dict=False
  ):
    """As `keras.Model.train_on_batch`; y and weights count as in `fit`."""
    return self._device_loop.on_batch(
      "train",
      super().train_on_batch,
      x,
      y,
      sample_weight,
      class_weight,
      return_dict=return_dict,
    )

  def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
    """As `keras.Model.test_on_batch`; y and weights count as in `evaluate`."""
    return self._device_loop.on_batch(
      "test", super().test_on_batch, x, y, sample_weight, return_dict=return_dict
    )

  @property
  def steps_per_execution(self) -> int:
    """Steps in one call of Keras' loops: the user's, or a compiled loop's own."""
    loop = getattr(self, "_device_loop", None)
    return 1 if loop is None else loop.steps_per_execution

  @steps_per_execution.setter
  def steps_per_execution(self, value):
    if hasattr(self, "_device_loop"):  # Keras' constructor sets it, too
      self._device_loop.user_steps = value

  def make_train_function(self, force=False):
    if self.train_function is None or force:
      # Models of version 0.1 counted their updates by the optimizer alone.
      if not _count(self.updates):
        self.updates.assign(_count(self.optimizer.iterations))
      super().make_train_function(force=True)
      self.train_function = self._device_loop.function("train", self.train_function)

  def make_test_function(self, force=False):
    if self.test_function is None or force:
      super().make_test_function(force=True)
      self.test_function = self._device_loop.function("test", self.test_function)

  def make_predict_function(self, force=False):
    with self._device_loop.in_keras_own_path():
      return super().make_predict_function(force)

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
    x, y, weights = self._take(data)
    step = self.update_count.result()
    seed = _replica_seed(self.seed, Purpose.TRAIN)
    seed = random.derive(seed, Purpose.STEP, step)
    checks = self.checks(x, y)  # before anything is updated, since they may raise
    parts, loss, gradients = self.learn(x, y, weights, seed)
    healthy = {
      **checks,
      **{name: all_finite([getattr(parts, k)]) for k, name in self.watched.items()},
    }
    # Loss scaling overflows on purpose now and then, and skips those updates.
    if not isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
      healthy["gradient"] = all_finite(gradients)
    self.monitor.update_first(tf.equal(step, 0), tf.reduce_mean(parts.log_likelihood))
    return self._update_metrics(x, y, parts, loss, weights, healthy)

  def test_step(self, data):
    """The bound of a batch; the noise of the i-th example is always the same."""
    x, y, weights = self._take(data)
    rows = tf.range(tf.shape(x)[0]) + tf.cast(self.monitor.examples, tf.int32)
    seed = _replica_seed(self.seed, Purpose.TEST)
    parts, loss = self._loss(
      lambda: self._parts(x, y, seed, rows, training=False), weights
    )
    healthy = {"targets": self.in_support(self._scored(x, y))}
    return self._update_metrics(x, y, parts, loss, weights, healthy)

  def steps_with_metrics(self) -> tuple:
    return BoundModel.train_step, BoundModel.test_step

  def _take(self, data):
    """x as the model's data, what came with it, and weights; None where none is."""
    x, y, weights = inputs.unpack(data)
    return self.as_data(x), y, weights

  def _scored(self, x, y):
    """What the likelihood scores: targets, or x itself."""
    targets = self.targets(x, y)
    return x if targets is None else targets

  def _update_metrics(self, x, y, parts, loss, weights, healthy):
    batch = tf.shape(x)[0]
    for name in self.measures:
      tracker = getattr(self, f"{name}_tracker")
      tracker.update_state(getattr(parts, name), sample_weight=weights)
    share = _batch_size(x)
    self.loss_tracker.update_state(
      loss, sample_weight=batch if share is None else share
    )
    self.monitor.update_state(batch, healthy)
    if self._compile_metrics is not None:
      self._compile_metrics.update_state(
        self._scored(x, y), self(x), sample_weight=weights
      )
    return self.get_metrics_result()

  def after_call(self, kind: str, epoch: int, step: int) -> None:
    """Raises what the monitor saw in the steps of the last call."""
    causes = self.monitor.causes()
    if not causes:
      if kind == "train" and step == epoch == 0:
        self._warn_of_far_data()
      return
    if causes[0] in self.checked:
      raise InvalidDataError(self.mistake(causes[0]))
    step = _count(self.monitor.good_steps) // _num_replicas() + 1
    raise NonFiniteError(
      f"Training stopped: the {' and the '.join(causes)} became NaN or infinite at step "
      f"{step} of epoch {epoch + 1}. Checkpoints of earlier epochs are as they were. Try "
      "a smaller learning rate, or `clipnorm=1.0` in the optimizer."
    )

  def _warn_of_far_data(self):
    size = int(np.prod(self.event_shape))
    value = float(tf.convert_to_tensor(self.monitor.first)) / size
    if value < _FAR:
      warnings.warn(
        f"At the first update log p(x|z) is {value:,.0f} nats for each of the {size} "
        "values of an example: the data lie far from what the untrained decoder gives. "
        "Scale them, for example to mean 0 and deviation 1, or start the decoder at "
        "their mean: `decoder.start_at_mean(x.mean(0))` of an MLPDecoder, or "
        "`--config.output_bias=data_mean`.",
        stacklevel=2,
      )


@contextlib.contextmanager
def _one_call(model: keras.Model) -> Iterator[None]:
  """Layers add up their losses until it ends, as within one call of a Keras model."""
  context = model._get_call_context()
  try:
    yield
  finally:
    if context.entry_layer is model:
      model._maybe_reset_call_context()


def _batch_size(values: tf.Tensor) -> tf.Tensor | None:
  """M, as each of several replicas has to see it: a mean; None where there is one."""
  if _num_replicas() == 1:
    return None
  size = tf.cast(tf.shape(values)[0], tf.float32)
  context = tf.distribute.get_replica_context()
  return context.all_reduce("sum", size) / _num_replicas()


def _num_replicas() -> int:
  return tf.distribute.get_strategy().num_replicas_in_sync


def _count(variable):
  """The value of an integer variable, of which each of several replicas has one."""
  return int(tf.convert_to_tensor(variable))


def _replica_seed(seed, purpose):
  """A seed for a purpose, different on every replica of a distribution strategy."""
  seed = random.derive(seed, purpose)
  if _num_replicas() == 1:
    return seed
  context = tf.distribute.get_replica_context()
  return random.derive(seed, Purpose.REPLICA, context.replica_id_in_sync_group)
