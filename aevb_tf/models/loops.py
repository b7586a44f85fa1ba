"""Keras' `fit` and `evaluate`, in compiled loops of many steps.

Keras asks an iterator for a batch and a function for a step, again and again. Here the
iterator is a clock that gives no data, and the function runs as many steps as
`steps_per_execution` in one compiled loop that gathers its batches on the device.
Data in memory live there, streams of `aevb_tf.data` come in large pieces. Callbacks,
metrics, validation and `steps_per_epoch` stay Keras' own; other data, and models spread
over replicas, take Keras' own path.
"""

import contextlib
import weakref
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aevb_tf.data import ArrayDataset
from aevb_tf.data.pieces import Pieces
from aevb_tf.models import resident, streamed, watching

# Arrays up to this size are moved to the device whole.
_MOST_RESIDENT_BYTES = 2**31


class LoopModel(keras.Model):
  """A Keras model whose loops run on the device where the data allow it."""

  def __init__(self, **kwargs):
    super().__init__(**kwargs)
    self._loops = _Loops()

  # What a subclass may look at.

  def check_data(self, x: np.ndarray) -> None:
    """Called with all data, uint8 or float, before they are moved to the device."""

  def xla_pays(self, num_examples: int) -> bool:
    """Whether "auto" compiles training with XLA on a CPU, for so many data an epoch."""
    return False

  def after_call(self, kind: str, epoch: int, step: int) -> None:
    """Called on the host after the compiled call of a "train" or "test" loop."""

  # Keras' entry points.

  def compile(self, *args, jit_compile: bool | str = "auto", **kwargs) -> None:
    """As `keras.Model.compile`; "auto" takes XLA on a CPU, too, where it pays."""
    super().compile(*args, jit_compile=jit_compile, **kwargs)
    self._loops.auto = jit_compile == "auto" and not self.run_eagerly

  def get_compile_config(self) -> dict[str, Any]:
    config = super().get_compile_config()
    # Keras keeps what "auto" meant on this machine.
    return {**config, "jit_compile": "auto"} if config and self._loops.auto else config

  def fit(self, x=None, y=None, batch_size=None, **kwargs):
    """Trains the model; takes what `keras.Model.fit` takes.

    Labels are ignored. Data from `aevb_tf.data.load`, and arrays, are moved to the
    device once and trained on in compiled calls of many steps; a callback with its
    own `on_train_batch_*` is still called for every batch.

    Args:
      x: `ArrayDataset`, array, `tf.data.Dataset`, or `keras.utils.PyDataset`.
      y: Labels, ignored.
      batch_size: Batch size for arrays, 32 if not given.
      **kwargs: The other arguments of `keras.Model.fit`.

    Returns:
      A Keras `History`.

    Raises:
      NonFiniteError: A bound or gradient became NaN or infinite.
      ValueError: Some target is outside the likelihood's support.
    """
    callbacks = kwargs.get("callbacks")
    kwargs["callbacks"] = self._watched(callbacks)
    validation = kwargs.get("validation_data")
    if validation is not None:
      size = kwargs.get("validation_batch_size") or batch_size
      kwargs["validation_data"] = self._resident(validation, size, shuffle=False)
    if y is not None:
      x = (x, y)
    if not any(
      kwargs.get(k) is not None
      for k in ("sample_weight", "class_weight", "validation_split")
    ):
      x = self._resident(x, batch_size, kwargs.get("shuffle", True))
    if not hasattr(x[0] if isinstance(x, tuple) else x, "__array__"):
      kwargs["shuffle"] = False  # data sets shuffle themselves, and Keras would warn
    steps = kwargs.get("steps_per_epoch")
    data = self._loopable(x, steps)
    if data is None:
      if self.jit_compile and self.built and not self._is_spread():
        self._build_optimizer()  # XLA takes no function that creates variables
      return super().fit(*_keras_arguments(x, batch_size), **kwargs)

    self._prepare(data)
    kwargs["steps_per_epoch"] = steps or len(data)
    source = self._source(data, kwargs["steps_per_epoch"], callbacks)
    with self._running("train", source):
      return super().fit(_clock(), **kwargs)

  def evaluate(self, x=None, y=None, batch_size=None, callbacks=None, **kwargs):
    """Evaluates the model; takes what `keras.Model.evaluate` takes.

    Every datum weighs the same, a short last batch included, and its noise depends on
    the model's seed and its own place alone: the batch size changes nothing.

    Args:
      x: `ArrayDataset`, array, `tf.data.Dataset`, or `keras.utils.PyDataset`.
      y: Labels, ignored.
      batch_size: Batch size for arrays, 32 if not given.
      callbacks: Keras callbacks.
      **kwargs: The other arguments of `keras.Model.evaluate`.

    Returns:
      The model's metrics (for a `VAE` `elbo`, `kl`, `log_likelihood`, nats per datum)
      and `loss`: a list, or with `return_dict=True` a dict.

    Raises:
      ValueError: Some target is outside the likelihood's support.
    """
    callbacks = self._watched(callbacks)
    if y is not None:
      x = (x, y)
    if kwargs.get("sample_weight") is None:
      x = self._resident(x, batch_size, shuffle=False)
    steps = kwargs.get("steps")
    data = self._loopable(x, steps)
    if data is None:
      x, y, batch_size = _keras_arguments(x, batch_size)
      return super().evaluate(x, y, batch_size, callbacks=callbacks, **kwargs)

    self._prepare(data)
    kwargs.pop("_use_cached_eval_dataset", None)
    kwargs["steps"] = steps or len(data)
    with self._running("test", self._source(data, kwargs["steps"], None)):
      return super().evaluate(_clock(), callbacks=callbacks, **kwargs)

  def make_train_function(self, force=False):
    if self.train_function is None or force:
      super().make_train_function(force=True)
      self.train_function = self._dispatch("train", self.train_function)

  def make_test_function(self, force=False):
    if self.test_function is None or force:
      super().make_test_function(force=True)
      self.test_function = self._dispatch("test", self.test_function)

  # How.

  def _dispatch(self, kind, streamed):
    """A train or test function that runs the compiled loop, or Keras' own step."""
    step = self.train_step if kind == "train" else self.test_step
    self._loops.forget(kind)

    def function(iterator):
      source = self._loops.sources.get(kind)
      logs = self._call(kind, source, step) if source else streamed(iterator)
      watch = self._loops.watch
      self.after_call(kind, watch.epoch, watch.step[kind])
      return logs

    return function

  def _call(self, kind, source, step):
    key = (kind, *source.signature())
    if key not in self._loops.compiled:
      jit = self.jit_compile
      if kind == "train" and self._loops.auto and not jit:
        jit = self.xla_pays(source.dataset.num_examples)
      self._loops.compiled[key] = source.compile(
        step, self.get_metrics_result, self.run_eagerly, jit
      )
    loop, watch = self._loops.compiled[key], self._loops.watch
    epoch = watch.epoch if kind == "train" else 0
    for tensors, indices, passes, count in source.runs(epoch, watch.step[kind]):
      arguments = map(tf.constant, (indices, passes, np.int32(count)))
      logs = loop(tensors, *arguments)
    return logs

  @contextlib.contextmanager
  def _running(self, kind, source):
    sources, before = self._loops.sources, self.steps_per_execution
    sources[kind], self.steps_per_execution = source, source.steps_per_call
    try:
      yield
    finally:
      del sources[kind]
      self.steps_per_execution = before

  def _source(self, dataset, steps, callbacks):
    if watching.wants_every_batch(callbacks):
      size = 1
    elif self.steps_per_execution > 1:
      size = self.steps_per_execution
    else:
      size = resident.steps_per_call(steps)
    if isinstance(dataset, Pieces):
      size = min(size, streamed.most_steps(dataset))
      return streamed.Source(dataset, steps, size)
    return resident.Source(dataset, steps, size)

  def _resident(self, data, batch_size, shuffle):
    """Arrays as a resident data set; everything else as it came."""
    x, y = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
    if not hasattr(x, "__array__") or self._is_spread():
      return data
    x = np.asarray(x)
    if x.nbytes > _MOST_RESIDENT_BYTES or x.ndim < 2:
      return data
    return ArrayDataset(
      x.astype(np.float32, copy=False),  # as it is: only files of images are scaled
      None if y is None or np.ndim(y) != 1 else np.asarray(y).astype(np.int32),
      batch_size=batch_size or 32,
      shuffle=bool(shuffle),
      seed=self.seed,
    )

  def _loopable(self, x, steps):
    """What the compiled loop can run over in place of `x`, or None."""
    if self._is_spread() or getattr(self, "_compile_metrics", None) is not None:
      return None
    if resident.is_resident(x):
      return x
    # An epoch of a stream is a pass; Keras makes others of it, and warns at its end.
    return None if steps else getattr(x, "pieces", None)

  def _is_spread(self):
    with self.distribute_strategy.scope():
      return tf.distribute.has_strategy()

  def _prepare(self, dataset):
    if dataset not in self._loops.checked:  # once, not in every epoch's validation
      # What a stream holds is not known before a step meets it.
      nothing = np.empty((0, *dataset.event_shape), np.uint8)
      self.check_data(getattr(dataset, "x", nothing))
      self._loops.checked.add(dataset)
    if not self.built:
      self.build((None, *dataset.event_shape))
    # Else the compiled loop would be traced twice, once to create the slots.
    self._build_optimizer()

  def _build_optimizer(self):
    if not self.optimizer.built:
      self.optimizer.build(self.trainable_variables)

  def _watched(self, callbacks):
    if isinstance(callbacks, keras.callbacks.CallbackList):
      if self._loops.watch not in callbacks.callbacks:
        callbacks.append(self._loops.watch)
      return callbacks
    return [self._loops.watch, *keras.tree.flatten(callbacks or [])]


class _Loops:
  """What a model's loops run over, and their compiled functions."""

  def __init__(self):
    self.sources = {}
    self.compiled = {}
    self.checked = weakref.WeakSet()
    self.auto = True  # whether `jit_compile` is left to us
    self.watch = watching.Watch()

  def forget(self, kind):
    """Drops compiled functions whose optimizer or options are out of date."""
    self.compiled = {k: v for k, v in self.compiled.items() if k[0] != kind}


def _clock() -> tf.data.Dataset:
  """Elements without end or meaning, for Keras' loop to count steps by."""
  return tf.data.Dataset.counter()


def _keras_arguments(x: Any, batch_size: int | None) -> tuple:
  """`x, y, batch_size` as Keras wants them back."""
  if resident.is_resident(x):
    return x, None, None
  return (*x, batch_size) if isinstance(x, tuple) else (x, None, batch_size)
