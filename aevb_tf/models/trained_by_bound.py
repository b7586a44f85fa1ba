"""The methods of a Keras model that is trained by maximising a bound.

It has the constructor's arguments of eq. 8, a step of algorithm 1, the loss, the metrics,
Keras' methods (`compile`, `fit`, `evaluate`, `save`), and the hooks that a model may
override. `steps` has the training step and the test step that Keras calls.
"""

import os
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import keras
import numpy as np
import tensorflow as tf

from aevb_tf.bounds import log_parameter_prior, minibatch_bound
from aevb_tf.loops import DeviceLoop, entry_points, inputs
from aevb_tf.loops.monitor import StepMonitor
from aevb_tf.models import steps
from aevb_tf.models.updates import UpdateCount
from aevb_tf.registry import Options
from aevb_tf.types import NOT_BUILT


def warn_of_former_name(former: str, name: str) -> None:
  """Warns, in the line that called the caller, that a method has another name now."""
  message = f"`{former}` of a model is deprecated: use {name}."
  warnings.warn(message, DeprecationWarning, stacklevel=3)


if TYPE_CHECKING:  # what it is mixed into
  from keras import Model as _Model
else:
  _Model = object


class TrainedByBound(_Model):
  """The training of a `GenerativeModel`, which adds distributions and checks of data.

  A subclass defines `bound_parts`, the bound that is maximised. A model whose loss is
  not the minibatch bound overrides `minibatch_loss`. A model with several updates in a
  step overrides `learn`, and calls `steps.update`.

  Attributes:
    event_shape: Shape of one example; None until it is known.
    measures: Fields of `bound_parts` that are reported as metrics, in addition to
      `loss`.
    maximized: Names of metrics for which larger values are better.
    watched: Fields of `bound_parts` that must stay finite -> their names in errors.
    checked: Keys of the subclass's `checks` of a training batch, in the order in which
      errors are raised.

  Args:
    dataset_size: N of eq. 8, or None for the bound per example.
    parameter_prior_stddev: Standard deviation of the Gaussian prior on all trainable
      parameters (MAP); None for maximum likelihood. Needs `dataset_size`, since the
      prior counts once for a data set.
    seed: Seed of all noise in training and evaluation; None draws one (from NumPy's
      global state, which `keras.utils.set_random_seed` sets).

  Raises:
    ValueError: `dataset_size` or `parameter_prior_stddev` is out of range.
  """

  event_shape: tuple[int, ...] = NOT_BUILT
  measures: tuple[str, ...] = ()
  maximized: tuple[str, ...] = ()
  watched: dict[str, str] = {}
  checked: tuple[str, ...] = ()

  def __init__(
    self,
    dataset_size: int | None = None,
    parameter_prior_stddev: float | None = None,
    seed: int | None = None,
    **kwargs: Any,
  ):
    super().__init__(**kwargs)
    self._device_loop = DeviceLoop(self)
    if dataset_size is not None and dataset_size < 1:
      raise ValueError(f"dataset_size={dataset_size!r} must be positive, or None.")
    if parameter_prior_stddev is not None:
      if not parameter_prior_stddev > 0:
        raise ValueError(
          f"parameter_prior_stddev={parameter_prior_stddev!r} must be positive or None."
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
    """Number of updates so far, int64 scalar; see `UpdateCount`."""
    return self.update_count.count

  def check_built(self, what: str) -> None:
    """Raises a ValueError if the model is not built."""
    if not self.built:
      raise ValueError(
        f"`{what}` needs to know the shape of the data: call the model on data, `fit` "
        "it, or call `build((None, *event_shape))` first."
      )

  # What a subclass defines.

  def bound_parts(
    self,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    training: bool,
    targets: tf.Tensor | None = None,
  ) -> steps.Parts:
    """The bound of each example, and other values that are reported.

    Args:
      x: float32 `[batch, *event_shape]`.
      seed: int32 `[2]`.
      rows: int32 `[batch]`: the noise of example i depends on (seed, rows[i]) alone.
      training: As in `call`.
      targets: float32 `[batch, *event_shape]`, scored instead of x; passed only if
        there are any.

    Returns:
      `BoundParts`, or another tuple with `bound`, `measures` and `watched`, nats,
      `[batch]`.
    """
    raise TypeError(f"{type(self).__name__} must define `bound_parts`.")

  # What a subclass may override.

  def xla_pays(self, num_examples: int) -> bool:
    """Whether "auto" compiles training with XLA on a CPU, for this number of examples."""
    return False

  def learn(
    self,
    x: tf.Tensor,
    y: tf.Tensor | None,
    weights: tf.Tensor | None,
    seed: tf.Tensor,
  ) -> steps.Step:
    """Algorithm 1: noise, the gradient of the minibatch bound, an update.

    Args:
      x: float32 `[batch, *event_shape]`.
      y: Targets with the shape of x, which are scored instead of x; None, or anything
        else, is ignored. If the model has a condition, y is that, and is given already.
      weights: Weight of each example, float `[batch]`; None gives each the weight 1.
      seed: int32 `[2]`, different at each step.
    """
    rows = tf.range(tf.shape(x)[0])
    return steps.update(
      self, lambda: steps.parts_of(self, x, y, seed, rows, training=True), weights
    )

  def update(
    self, bound_parts: Callable[[], Any], weights: tf.Tensor | None = None
  ) -> steps.Step:
    """Deprecated: `aevb_tf.models.steps.update`."""
    warn_of_former_name("update", "aevb_tf.models.steps.update(model, ...)")
    return steps.update(self, bound_parts, weights)

  def targets(self, x: tf.Tensor, y: tf.Tensor | None) -> tf.Tensor | None:
    """The targets that are scored instead of x: y if it has x's shape, else None."""
    return inputs.targets(x, y)

  def minibatch_loss(
    self,
    parts: steps.Parts,
    weights: tf.Tensor | None,
    batch_size: tf.Tensor | None = None,
  ) -> tf.Tensor:
    """The loss of a minibatch, a scalar.

    Args:
      parts: The result of `bound_parts`.
      weights: As in `learn`.
      batch_size: M, if `parts` holds only a part of the minibatch.
    """
    loss = -minibatch_bound(parts.bound, self.dataset_size, weights, batch_size)
    if self.parameter_prior_stddev is not None:
      stddev = self.parameter_prior_stddev
      loss -= log_parameter_prior(self.trainable_variables, stddev)
    return loss

  def layer_losses(self) -> list[tf.Tensor]:
    """Scalars that layers add to the loss, from the last forward pass."""
    return self.losses

  # Keras.

  def compile(
    self,
    optimizer: str | Options | keras.optimizers.Optimizer = "adam",
    loss: None = None,
    loss_weights: None = None,
    jit_compile: bool | Literal["auto"] = "auto",
    device_loop: bool = True,
    **kwargs: Any,
  ) -> None:
    """Configures training, as `keras.Model.compile` does.

    Args:
      optimizer: Keras optimizer or its name.
      loss: Must be None: the loss is minus the bound.
      loss_weights: Must be None: there are no losses to weight.
      jit_compile: As in Keras; "auto" also uses XLA on a CPU if it is faster.
      device_loop: Whether many steps may run in one compiled call (`aevb_tf.loops`);
        False leaves all loops to Keras.
      **kwargs: `metrics` (called with the data and their reconstruction),
        `steps_per_execution`, `run_eagerly`, `auto_scale_loss`.

    Raises:
      ValueError: `loss` or `loss_weights` is not None.
    """
    if loss_weights is not None:
      raise ValueError(
        f"compile(loss_weights={loss_weights!r}): the loss of {type(self).__name__} is "
        "minus its bound. Use the kl_weight of its `bound=` instead, and leave out "
        "loss_weights."
      )
    if loss is not None:
      raise ValueError(
        f"compile(loss={loss!r}): the loss of {type(self).__name__} is minus its bound."
        " Choose `bound=` at construction instead, and leave `loss` out."
      )
    super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)
    self._device_loop.is_on = device_loop
    self._device_loop.chooses_xla = jit_compile == "auto" and not self.run_eagerly

  def get_compile_config(self) -> dict[str, Any]:
    config = super().get_compile_config()
    if config and self._device_loop.chooses_xla:
      config = {**config, "jit_compile": "auto"}  # Keras stores its resolved value
    if config and not self._device_loop.is_on:
      config = {**config, "device_loop": False}
    return config

  def compile_from_config(self, config):
    self.compile(**keras.saving.deserialize_keras_object(config))
    if self.built:
      self.optimizer.build(self.trainable_variables)

  def save(self, filepath: str | os.PathLike, *args: Any, **kwargs: Any) -> None:
    """As `keras.Model.save`, but only to a `.keras` file, the one complete format."""
    if str(filepath).endswith((".h5", ".hdf5")):
      raise ValueError(
        f"{filepath}: the legacy HDF5 format cannot store this model. Save to a file "
        "that ends in .keras, or only the weights with save_weights, in .weights.h5."
      )
    super().save(filepath, *args, **kwargs)

  fit = entry_points.fit
  evaluate = entry_points.evaluate
  predict = entry_points.predict
  train_on_batch = entry_points.train_on_batch
  test_on_batch = entry_points.test_on_batch
  predict_on_batch = entry_points.predict_on_batch
  steps_per_execution = entry_points.steps_per_execution
  make_test_function = entry_points.make_test_function
  make_predict_function = entry_points.make_predict_function

  def make_train_function(self, force=False):
    # Models of version 0.1 counted their updates only in the optimizer.
    if not steps.as_int(self.updates):
      self.updates.assign(steps.as_int(self.optimizer.iterations))
    entry_points.make_train_function(self, force)

  def train_step(self, data):
    return steps.train(self, data)

  def test_step(self, data):
    return steps.test(self, data)

  def predict_step(self, data):
    return steps.predict(self, data)

  def steps_with_metrics(self) -> tuple:
    """Steps that return only the model's metrics."""
    return TrainedByBound.train_step, TrainedByBound.test_step

  def after_call(self, kind: str, epoch: int, step: int) -> None:
    """Called after each compiled call of a "train" or "test" loop: raises its errors."""
    steps.raise_faults(self, kind, epoch, step)

  @property
  def metrics(self):
    own = [getattr(self, f"{name}_tracker") for name in (*self.measures, "loss")]
    compiled = [] if self._compile_metrics is None else [self._compile_metrics]
    return [*own, *compiled]

  def reset_metrics(self):
    super().reset_metrics()
    self.monitor.reset_state()

  # Saving.

  def get_config(self):
    return {
      **super().get_config(),
      "dataset_size": self.dataset_size,
      "parameter_prior_stddev": self.parameter_prior_stddev,
      "seed": self.seed,
    }

  def get_build_config(self) -> dict[str, tuple[int | None, ...]] | None:
    return {"input_shape": (None, *self.event_shape)} if self.built else None

  def export(self, filepath: str | os.PathLike, *args: Any, **kwargs: Any) -> None:
    """As `keras.Model.export`; the signature of the data is the model's own.

    What is exported takes x, or the pair (x, c) if the model has a condition.
    """
    self.check_built("export")
    x = keras.InputSpec(dtype="float32", shape=(None, *self.event_shape))
    if self.condition is None:
      self(tf.zeros((1, *self.event_shape)))  # Keras exports the signature of a call
    elif kwargs.get("input_signature") is None:
      c = keras.InputSpec(self.condition.dtype.name, (None, *self.condition.shape))
      kwargs["input_signature"] = [(x, c)]
    super().export(filepath, *args, **kwargs)

  @property
  def _default_save_signature(self):
    """Keras' signature of a call with x alone, which a condition does not allow."""
    return None if self.condition is not None else super()._default_save_signature
