"""`fit`, `evaluate` and the other entry points of a Keras model that has a `DeviceLoop`.

A model takes them into its class (`fit = entry_points.fit`) and keeps its `DeviceLoop`
in `_device_loop`.
"""

import functools
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, TypeAlias, overload

import keras
import numpy as np

from aevb_tf.loops.inputs import Data, Verbose
from aevb_tf.loops.watching import Callbacks
from aevb_tf.types import TensorLike

# `list[float]`, or `dict[str, float]` with `return_dict=True`: whoever calls knows
# which.
Logs: TypeAlias = Any


def _by_keras(name, model):
  """Keras' own method; looked up at the call, since tools patch it."""
  return functools.partial(getattr(keras.Model, name), model)


def fit(
  self: keras.Model,
  x: Data | None = None,
  y: TensorLike | None = None,
  batch_size: int | None = None,
  epochs: int = 1,
  verbose: Verbose = "auto",
  callbacks: Callbacks = None,
  validation_split: float = 0.0,
  validation_data: Data | tuple[Any, ...] | None = None,
  shuffle: bool | Literal["batch"] = True,
  class_weight: Mapping[int, float] | None = None,
  sample_weight: TensorLike | None = None,
  initial_epoch: int = 0,
  steps_per_epoch: int | None = None,
  validation_steps: int | None = None,
  validation_batch_size: int | None = None,
  validation_freq: int | Collection[int] = 1,
) -> keras.callbacks.History:
  """Trains the model; takes what `keras.Model.fit` takes.

  Data from `aevb_tf.data.load`, and arrays, are moved to the device once and trained
  on in compiled calls of many steps; a callback with a hook for every batch is still
  called for every batch. Keras' callbacks with `mode="auto"` know which metrics are to
  be maximized; KerasTuner does not: `keras_tuner.Objective("val_elbo", "max")`.

  Args:
    x: `ArrayDataset`, array, `tf.data.Dataset`, or `keras.utils.PyDataset`.
    y: Targets with x's shape, which the likelihood scores while the encoder sees x
      (denoising); otherwise labels, which are ignored. If the model has a condition, y is
      that.
    batch_size: Batch size for arrays, 32 if not given.
    epochs: As in Keras.
    verbose: As in Keras.
    callbacks: As in Keras.
    validation_split: As in Keras.
    validation_data: As x, or `(x, y)`, or `(x, y, weights)`, where y may be None.
    shuffle: As in Keras.
    class_weight: As in Keras; needs labels.
    sample_weight: Weight of each example, `[n]`.
    initial_epoch: As in Keras.
    steps_per_epoch: As in Keras; epochs may span passes over data in memory.
    validation_steps: As in Keras.
    validation_batch_size: As in Keras.
    validation_freq: As in Keras.

  Returns:
    A Keras `History`.

  Raises:
    NonFiniteError: A bound or gradient became NaN or infinite.
    ValueError: The data have another shape than the model's, a target is outside
      the likelihood's support, or a number of examples or steps is not positive.
    TypeError: The data are of a kind that a model cannot take.
  """
  return self._device_loop.fit(
    _by_keras("fit", self),
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


@overload
def evaluate(
  self: keras.Model,
  x: Data | None = None,
  y: TensorLike | None = None,
  batch_size: int | None = None,
  verbose: Verbose = "auto",
  sample_weight: TensorLike | None = None,
  steps: int | None = None,
  callbacks: Callbacks = None,
  return_dict: Literal[False] = False,
  **kwargs: Any,
) -> list[float]: ...


@overload
def evaluate(
  self: keras.Model,
  x: Data | None = None,
  y: TensorLike | None = None,
  batch_size: int | None = None,
  verbose: Verbose = "auto",
  sample_weight: TensorLike | None = None,
  steps: int | None = None,
  callbacks: Callbacks = None,
  *,
  return_dict: Literal[True],
  **kwargs: Any,
) -> dict[str, float]: ...


@overload
def evaluate(
  self: keras.Model,
  x: Data | None = None,
  y: TensorLike | None = None,
  batch_size: int | None = None,
  verbose: Verbose = "auto",
  sample_weight: TensorLike | None = None,
  steps: int | None = None,
  callbacks: Callbacks = None,
  return_dict: bool = False,
  **kwargs: Any,
) -> Logs: ...


def evaluate(
  self: keras.Model,
  x: Data | None = None,
  y: TensorLike | None = None,
  batch_size: int | None = None,
  verbose: Verbose = "auto",
  sample_weight: TensorLike | None = None,
  steps: int | None = None,
  callbacks: Callbacks = None,
  return_dict: bool = False,
  **kwargs: Any,
) -> list[float] | dict[str, float]:
  """Evaluates the model; takes what `keras.Model.evaluate` takes.

  All examples have the same weight, or their `sample_weight`, including those in a
  short last batch. The noise of an example depends only on the model's seed and the
  example's index, so the batch size does not change the result. Evaluations of one
  model in several threads run one after another.

  Args:
    x: `ArrayDataset`, array, `tf.data.Dataset`, or `keras.utils.PyDataset`.
    y: As in `fit`.
    batch_size: Batch size for arrays, 32 if not given.
    verbose: As in Keras.
    sample_weight: Weight of each example, `[n]`.
    steps: As in Keras.
    callbacks: As in Keras.
    return_dict: Whether to return a dict.
    **kwargs: Keras' other arguments.

  Returns:
    The model's metrics (for a `VAE` `elbo`, `kl`, `log_likelihood`, nats per example)
    and `loss`: a list, or with `return_dict=True` a dict.

  Raises:
    ValueError: As in `fit`.
    TypeError: As in `fit`.
  """
  return self._device_loop.evaluate(
    _by_keras("evaluate", self),
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


def predict(
  self: keras.Model,
  x: Data,
  batch_size: int | None = None,
  verbose: Verbose = "auto",
  steps: int | None = None,
  callbacks: Callbacks = None,
) -> np.ndarray:
  """As `keras.Model.predict`, with the speed of plain Keras.

  A model with a condition takes `predict((x, c))`, or a data set of `(x, c)`.
  """
  return self._device_loop.predict(
    _by_keras("predict", self), x, batch_size, verbose, steps, callbacks
  )


def train_on_batch(
  self: keras.Model,
  x: Data,
  y: TensorLike | None = None,
  sample_weight: TensorLike | None = None,
  class_weight: Mapping[int, float] | None = None,
  return_dict: bool = False,
) -> Logs:
  """As `keras.Model.train_on_batch`; y and weights count as in `fit`."""
  return self._device_loop.on_batch(
    "train",
    _by_keras("train_on_batch", self),
    x,
    y,
    sample_weight,
    class_weight,
    return_dict=return_dict,
  )


def test_on_batch(
  self: keras.Model,
  x: Data,
  y: TensorLike | None = None,
  sample_weight: TensorLike | None = None,
  return_dict: bool = False,
) -> Logs:
  """As `keras.Model.test_on_batch`; y and weights count as in `evaluate`."""
  return self._device_loop.on_batch(
    "test",
    _by_keras("test_on_batch", self),
    x,
    y,
    sample_weight,
    return_dict=return_dict,
  )


def predict_on_batch(self: keras.Model, x: TensorLike) -> np.ndarray:
  """As `keras.Model.predict_on_batch`, with the checks of `predict`."""
  return self._device_loop.on_batch(
    "predict", _by_keras("predict_on_batch", self), x, None, None
  )


def make_train_function(self: keras.Model, force: bool = False) -> None:
  """As `keras.Model.make_train_function`; Keras calls it at the beginning of a fit."""
  if self.train_function is None or force:
    _by_keras("make_train_function", self)(force=True)
    self.train_function = self._device_loop.function("train", self.train_function)


def make_test_function(self: keras.Model, force: bool = False) -> None:
  """As `keras.Model.make_test_function`."""
  if self.test_function is None or force:
    _by_keras("make_test_function", self)(force=True)
    self.test_function = self._device_loop.function("test", self.test_function)


def make_predict_function(self: keras.Model, force: bool = False) -> Callable:
  """As `keras.Model.make_predict_function`, with the user's `steps_per_execution`."""
  with self._device_loop.in_keras_own_path():
    return _by_keras("make_predict_function", self)(force)


def _steps(model):
  """Steps in one call of Keras' loops: the user's, or a compiled loop's own."""
  loop = getattr(model, "_device_loop", None)
  return 1 if loop is None else loop.steps_per_execution


def _set_steps(model, value):
  if hasattr(model, "_device_loop"):  # Keras' constructor sets it, too
    model._device_loop.user_steps = value


steps_per_execution = property(_steps, _set_steps)
