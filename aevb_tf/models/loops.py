"""Keras' `fit` and `evaluate`, in compiled loops of many steps.

Keras asks an iterator for a batch and a function for a step, again and again. Here the
function leaves the iterator alone, and runs many steps in one compiled loop that gathers
its batches on the device. Data in memory live there, streams of `aevb_tf.data` come in
large pieces. Callbacks, metrics, validation and `steps_per_epoch` stay Keras' own, and
Keras is passed the data themselves; other data, and models spread over replicas, take
Keras' own path.
"""

import contextlib
import threading
import weakref
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import shapes
from aevb_tf.models import inputs, resident, streamed, watching

# Arrays up to this size, as float32, are moved to the device whole.
_MOST_RESIDENT_BYTES = 2**31


class LoopModel(keras.Model):
  """A Keras model whose loops run on the device where the data allow it.

  Attributes:
    maximized: Names of metrics that are the better the larger they are.
    event_shape: Shape of one example; None until it is known.
  """

  maximized: tuple[str, ...] = ()
  event_shape: tuple[int, ...] | None = None

  def __init__(self, **kwargs):
    super().__init__(**kwargs)
    self._loops = _Loops()

  # What a subclass may look at.

  def check_data(self, x: np.ndarray) -> None:
    """Called with all that is scored of data in memory, before they are moved."""

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
    inputs.check_counts(
      batch_size=batch_size,
      steps_per_epoch=steps_per_epoch,
      validation_steps=validation_steps,
      validation_batch_size=validation_batch_size,
    )
    inputs.check_ends(x, steps_per_epoch=steps_per_epoch)
    inputs.check_ends(validation_data, validation_steps=validation_steps)
    arrays = self._arrays(x, y, sample_weight, class_weight)
    if validation_split and validation_data is None:
      if arrays is None:
        raise ValueError(
          "validation_split is for arrays, not for data sets: hold out a part of the data "
          "yourself, and pass it as validation_data."
        )
      arrays, validation_data = arrays.split(validation_split)
    if validation_data is not None:
      size = validation_batch_size or batch_size
      validation_data = self._validation(validation_data, size)
    data = x if arrays is None else arrays
    self._prepare(data)
    source = None
    if class_weight is None and (arrays is not None or y is sample_weight is None):
      source = self._source(
        "train", data, batch_size, shuffle, steps_per_epoch, callbacks
      )
    if source is not None:
      given = _as_given(data, source, batch_size, steps_per_epoch)
      shuffle = False
    else:
      given = arrays or inputs.Arrays(inputs.with_labels(x), y, sample_weight)
      given = {**given._asdict(), "batch_size": batch_size}
      # Other data sets shuffle themselves, and Keras would warn.
      shuffles = arrays is not None or isinstance(x, keras.utils.PyDataset)
      shuffle = shuffle and shuffles and not resident.is_resident(x)
    with self._running("train", source), self._named_errors(), self._watching():
      return super().fit(
        given.pop("x"),  # by position, where autologging tools look for it
        **given,
        epochs=epochs,
        verbose=verbose,
        callbacks=self._watched(callbacks),
        validation_split=validation_split if arrays is None else 0.0,
        validation_data=validation_data,
        shuffle=shuffle,
        class_weight=class_weight,
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
    inputs.check_counts(batch_size=batch_size, steps=steps)
    inputs.check_ends(x, steps=steps)
    own = hasattr(x, "resident")  # the validation data of `fit`
    arrays = None if own else self._arrays(x, y, sample_weight)
    data = x.resident if own else x if arrays is None else arrays
    with self._loops.lock:
      self._prepare(data, check=not own)
      source = None
      if arrays is not None or y is sample_weight is None:
        source = self._source("test", data, batch_size, False, steps, callbacks)
      if source is not None:
        given = {"x": x} if own else _as_given(data, source, batch_size, steps)
        kwargs.pop("_use_cached_eval_dataset", None)  # its calls are of other steps
      else:
        given = arrays or inputs.Arrays(inputs.with_labels(x), y, sample_weight)
        given = {**given._asdict(), "batch_size": batch_size}
        if kwargs.get("_use_cached_eval_dataset"):
          # Keras gave it the steps of the loop of `fit`.
          self._eval_epoch_iterator.steps_per_execution = self._steps
      with self._running("test", source), self._named_errors():
        return super().evaluate(
          **given,
          verbose=verbose,
          steps=steps,
          callbacks=self._watched(callbacks),
          return_dict=return_dict,
          **kwargs,
        )

  def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
    """As `keras.Model.predict`, in plain Keras' time."""
    inputs.check_counts(batch_size=batch_size, steps=steps)
    inputs.check_ends(x, steps=steps)
    arrays = inputs.standardize(x)
    self._prepare(x if arrays is None else arrays, check=False)
    with self._running("predict", None), self._named_errors():
      return super().predict(
        inputs.with_labels(x) if arrays is None else arrays.x,
        batch_size,
        verbose,
        steps,
        callbacks,
      )

  def train_on_batch(
    self, x, y=None, sample_weight=None, class_weight=None, return_dict=False
  ):
    """As `keras.Model.train_on_batch`; y and weights count as in `fit`."""
    batch = self._batch(x, y, sample_weight, class_weight)
    with self._running("train", None), self._named_errors():
      return super().train_on_batch(
        *batch, class_weight=class_weight, return_dict=return_dict
      )

  def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
    """As `keras.Model.test_on_batch`; y and weights count as in `evaluate`."""
    batch = self._batch(x, y, sample_weight)
    with self._running("test", None), self._named_errors():
      return super().test_on_batch(*batch, return_dict=return_dict)

  @property
  def steps_per_execution(self) -> int:
    """Steps in one call of Keras' loops: the user's, or a compiled loop's own."""
    running = self._loops.running if hasattr(self, "_loops") else {}
    source = next(reversed(running.values()), None)
    return self._steps if source is None else source.steps_per_call

  @steps_per_execution.setter
  def steps_per_execution(self, value):
    self._steps = value

  def make_train_function(self, force=False):
    if self.train_function is None or force:
      super().make_train_function(force=True)
      self.train_function = self._dispatch("train", self.train_function)

  def make_test_function(self, force=False):
    if self.test_function is None or force:
      super().make_test_function(force=True)
      self.test_function = self._dispatch("test", self.test_function)

  def make_predict_function(self, force=False):
    with self._running("predict", None):
      return super().make_predict_function(force)

  # How.

  def _dispatch(self, kind, by_keras):
    """A train or test function that runs the compiled loop, or Keras' own step."""
    step = self.train_step if kind == "train" else self.test_step
    # What an overridden step returns is what Keras reports.
    own = getattr(type(self), f"{kind}_step") in self.steps_with_metrics()
    results = self.get_metrics_result if own else None
    self._loops.forget(kind)

    def function(iterator):
      source = self._loops.running.get(kind)
      if source is None:
        logs = by_keras(iterator)
      else:
        logs = self._call(kind, source, step, results)
      watch = self._loops.watch
      self.after_call(kind, watch.epoch, watch.step[kind])
      return logs

    return function

  def steps_with_metrics(self) -> tuple:
    """Steps that return nothing but the model's metrics."""
    return ()

  def _call(self, kind, source, step, results):
    watch = self._loops.watch
    epoch = watch.epoch if kind == "train" else 0
    jit = self.jit_compile
    if kind == "train" and self._loops.auto and not jit:
      jit = self.xla_pays(source.dataset.num_examples)
    for run in source.runs(epoch, watch.step[kind]):
      data = source.dataset
      specs = tuple((*t.shape[1:], t.dtype.name) for t in run.tensors)
      key = (kind, jit, data.batch_size, specs, _identity(data.preparation()))
      if key not in self._loops.compiled:
        loop = resident.Loop(run.tensors, data, step, results, self.run_eagerly, jit)
        self._loops.compiled[key] = loop
      logs = self._loops.compiled[key](run)
    return logs

  @contextlib.contextmanager
  def _running(self, kind, source):
    """While this is open, `kind` runs over a source, or in Keras' own path for None."""
    running = self._loops.running
    before = dict(running)
    running.pop(kind, None)
    running[kind] = source  # the innermost is the last
    try:
      yield
    finally:
      running.clear()
      running.update(before)

  @contextlib.contextmanager
  def _watching(self):
    """Forgets the epoch behind `fit`: errors of a single batch would name it."""
    try:
      yield
    finally:
      self._loops.watch.reset()

  @contextlib.contextmanager
  def _named_errors(self):
    """Says in words what TensorFlow found when a graph ran."""
    try:
      yield
    except tf.errors.InvalidArgumentError as error:
      message = self.event_shape and shapes.explain(error, self.event_shape)
      if not message:
        raise
      raise ValueError(message) from error

  def _source(self, kind, data, batch_size, shuffle, steps, callbacks):
    """Where a compiled loop takes its batches from; None for Keras' own path."""
    if self._is_spread() or getattr(self, "_compile_metrics", None) is not None:
      return None
    if isinstance(data, inputs.Arrays):
      if 4 * data.x.size > _MOST_RESIDENT_BYTES or shuffle == "batch":
        return None
      data = resident.InMemory(data, batch_size or 32, shuffle, self.seed)
    elif not resident.is_resident(data):
      # An epoch of a stream is a pass; Keras makes others of it, and warns at its end.
      data = None if steps else getattr(data, "pieces", None)
    if data is None:
      return None
    if kind == "test":  # One pass at most; Keras warns of steps beyond it.
      steps = min(steps or len(data), len(data))
    steps = _capped(steps or len(data))
    if self._steps > 1:  # the user's; validation runs within the loop of `fit`
      size = self._steps
    elif watching.wants_every_batch(callbacks, kind):
      size = 1
    else:
      size = resident.steps_per_call(steps)
    size = min(size, streamed.most_steps(data.batch_size, data.event_shape))
    make = resident.Source if resident.is_resident(data) else streamed.Source
    return make(data, steps, size)

  def _arrays(self, x, y=None, sample_weight=None, class_weight=None):
    """The `Arrays` of arguments; None where x is a data set."""
    arrays = inputs.standardize(x, y, sample_weight, class_weight is not None)
    if class_weight is not None and arrays is not None and y is None:
      raise ValueError("class_weight needs labels: pass them as y.")
    return arrays

  def _batch(self, *arguments):
    """The tensors of a batch that is trained or tested on by itself."""
    arrays = self._arrays(*arguments)
    if arrays is None:
      kind = type(arguments[0]).__name__
      raise TypeError(f"x is a {kind}: give one batch, an array [batch, ...].")
    self._prepare(arrays)
    return [None if part is None else tf.convert_to_tensor(part) for part in arrays]

  def _validation(self, data, batch_size):
    """Validation data as Keras takes them; those in memory go to the device once."""
    if isinstance(data, inputs.Arrays):
      arrays = data
    else:
      x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
      arrays = self._arrays(x, y, weights)
    self._prepare(data if arrays is None else arrays)
    if arrays is None:
      return inputs.with_labels(data)
    source = self._source("test", arrays, batch_size, False, None, None)
    return tuple(arrays) if source is None else resident.view(source.dataset)

  def _is_spread(self):
    with self.distribute_strategy.scope():
      return tf.distribute.has_strategy()

  def _prepare(self, data, check=True):
    """Builds the model for data, and looks at what is known of them before they run."""
    shape = inputs.event_shape(data)
    if self.built and shape is not None:
      if not tf.TensorShape(shape).is_compatible_with(self.event_shape):
        raise ValueError(shapes.message(shape, self.event_shape))
    if not self.built and shape is not None:
      if None in shape:
        raise ValueError(
          f"The examples of the data set have shape {shape}, where None is not known: "
          "say it, as in data.map(lambda x: tf.ensure_shape(x, [None, 28, 28, 1]))."
        )
      with self.distribute_strategy.scope():
        self.build((None, *shape))
    in_memory = isinstance(data, inputs.Arrays) or resident.is_resident(data)
    if check and in_memory and _once(self._loops.checked, data):
      self.check_data(inputs.scored(data))
    if self.built and getattr(self, "optimizer", None) is not None:
      # Else the loop would be traced twice, once to create the slots.
      if not self.optimizer.built and not self._is_spread():
        self.optimizer.build(self.trainable_variables)

  def _watched(self, callbacks):
    watch = self._loops.watch
    watching.give_direction(watching.each(callbacks), self.maximized)
    if isinstance(callbacks, keras.callbacks.CallbackList):
      if watch not in callbacks.callbacks:
        callbacks.append(watch)
      return callbacks
    return [watch, *watching.each(callbacks)]


class _Loops:
  """What a model's loops run over, and their compiled functions."""

  def __init__(self):
    self.compiled = {}
    self.checked = weakref.WeakSet()
    self.auto = True  # whether `jit_compile` is left to us
    self.watch = watching.Watch()
    self.lock = threading.RLock()
    self._local = threading.local()

  @property
  def running(self) -> dict:
    """Kind of loop -> its source, of this thread's loops, the innermost last.

    A source of None is Keras' own path.
    """
    return self._local.__dict__.setdefault("running", {})

  def forget(self, kind):
    """Drops compiled functions whose optimizer or options are out of date."""
    self.compiled = {k: v for k, v in self.compiled.items() if k[0] != kind}


def _as_given(data, source, batch_size, steps):
  """The data of a compiled loop, as Keras and the tools around it are to see them."""
  if isinstance(data, inputs.Arrays) and not steps:
    return {**data._asdict(), "batch_size": batch_size}
  if isinstance(source, streamed.Source):
    return {"x": data}
  return {"x": resident.view(source.dataset, steps and source.steps_per_epoch)}


def _identity(preparation):
  """What tells preparations apart: a function and what it is bound to."""
  keywords = getattr(preparation, "keywords", {})
  return getattr(preparation, "func", preparation), *sorted(keywords.items())


def _capped(steps):
  most = keras.config.max_steps_per_epoch()
  return min(steps, most) if most else steps


def _once(seen, data):
  """Whether data are looked at for the first time; arrays always are."""
  if isinstance(data, inputs.Arrays):
    return True
  if data in seen:
    return False
  seen.add(data)
  return True
