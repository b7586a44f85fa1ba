"""Many steps of `fit` and `evaluate` in one compiled call; see `aevb_tf.loops`."""

import contextlib
import itertools
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import shapes
from aevb_tf.loops import conversion, inputs, resident, streamed, watching
from aevb_tf.loops.inputs import Data, Verbose
from aevb_tf.loops.progress import Progress
from aevb_tf.loops.watching import Callbacks, Kind
from aevb_tf.types import TensorLike

# Arrays up to this size, as float32, are moved to the device as a whole.
_MOST_RESIDENT_BYTES = 2**31


class DeviceLoop:
  """Runs `fit`, `evaluate` and the other entry points of a model.

  The first argument of each method is Keras' own method, which it calls.

  Args:
    model: The model. It has `event_shape`, `maximized` (names of metrics), `seed` and
      `condition` (then y is that of each example), and the hooks `as_y`, `split_inputs`,
      `check_source`, `check_encoded`, `check_array`, `check_data`, `check_batch`,
      `explain`, `xla_pays`, `after_call` and `steps_with_metrics` of a
      `GenerativeModel`.
  """

  def __init__(self, model: keras.Model):
    self._model = model
    self.compiled: dict[tuple, resident.Loop] = {}
    self.lock = threading.RLock()
    self.is_on = True
    self.chooses_xla = True  # whether `jit_compile` is "auto"
    self.user_steps = 1  # `steps_per_execution`, as the user set it
    self._checked: weakref.WeakSet = weakref.WeakSet()
    self._unseen: set[str] = set()  # kinds whose data are a stream that has not started
    self._watch = watching.Watch()
    self._local = threading.local()

  @property
  def running(self) -> dict[str, Any]:
    """Kind of loop -> its source, of this thread's loops, the innermost last.

    A source of None is Keras' own path.
    """
    return self._local.__dict__.setdefault("running", {})

  @property
  def steps_per_execution(self) -> int:
    """Steps in one call of Keras' loops: the user's, or a compiled loop's own."""
    source = next(reversed(self.running.values()), None)
    return self.user_steps if source is None else source.steps_per_call

  # Replacements of Keras' own methods.

  def fit(
    self,
    by_keras: Callable,
    x: Data,
    y: TensorLike | None,
    batch_size: int | None,
    callbacks: Callbacks,
    validation_split: float,
    validation_data: Data | tuple[Any, ...] | None,
    shuffle: bool | Literal["batch"],
    class_weight: Mapping[int, float] | None,
    sample_weight: TensorLike | None,
    steps_per_epoch: int | None,
    validation_steps: int | None,
    validation_batch_size: int | None,
    **options: Any,
  ) -> keras.callbacks.History:
    """Runs `keras.Model.fit`; `options` are arguments that are only passed on."""
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
    self._prepare(data, "train")
    source = None
    if class_weight is None and (arrays is not None or y is sample_weight is None):
      source = self._source(
        "train", data, batch_size, shuffle, steps_per_epoch, callbacks
      )
    if source is not None:
      given = _as_given(data, source, batch_size, steps_per_epoch)
      shuffle = False
    else:
      given = _for_keras(arrays, x, y, sample_weight, batch_size)
      # Other data sets shuffle themselves, and Keras would warn.
      shuffles = arrays is not None or isinstance(x, keras.utils.PyDataset)
      shuffle = shuffle and shuffles and not resident.is_resident(x)
    try:
      with self._running("train", source), self._named_errors():
        return by_keras(
          given.pop("x"),  # by position, where autologging tools look for it
          **given,
          callbacks=self._watched(callbacks, options["verbose"]),
          validation_split=validation_split if arrays is None else 0.0,
          validation_data=validation_data,
          shuffle=shuffle,
          class_weight=class_weight,
          steps_per_epoch=steps_per_epoch,
          validation_steps=validation_steps,
          validation_batch_size=validation_batch_size,
          **options,
        )
    finally:
      self._watch.reset()  # errors of a single batch would name the last epoch
      self._unseen.clear()

  def evaluate(
    self,
    by_keras: Callable,
    x: Data,
    y: TensorLike | None,
    batch_size: int | None,
    sample_weight: TensorLike | None,
    steps: int | None,
    callbacks: Callbacks,
    **options: Any,
  ) -> Any:
    """Runs `keras.Model.evaluate`, as `fit` runs Keras' own."""
    inputs.check_counts(batch_size=batch_size, steps=steps)
    inputs.check_ends(x, steps=steps)
    view: Any = x if hasattr(x, "resident") else None  # the validation data of `fit`
    own = view is not None
    arrays = None if own else self._arrays(x, y, sample_weight)
    data = view.resident if own else x if arrays is None else arrays
    with self.lock:
      # `fit` has prepared its validation data.
      is_new = not (own or options.get("_use_cached_eval_dataset"))
      self._prepare(data, "test" if is_new else None)
      source = None
      if arrays is not None or y is sample_weight is None:
        source = self._source("test", data, batch_size, False, steps, callbacks)
      if source is not None:
        given = {"x": x} if own else _as_given(data, source, batch_size, steps)
        # Keras' cached iterator makes calls of other numbers of steps.
        options.pop("_use_cached_eval_dataset", None)
      else:
        given = _for_keras(arrays, x, y, sample_weight, batch_size)
        if options.get("_use_cached_eval_dataset"):
          # Keras gave it the steps of the loop of `fit`.
          self._model._eval_epoch_iterator.steps_per_execution = self.user_steps
      with self._running("test", source), self._named_errors():
        return by_keras(
          **given,
          steps=steps,
          callbacks=self._watched(callbacks, options["verbose"]),
          **options,
        )

  def predict(
    self,
    by_keras: Callable,
    x: Data,
    batch_size: int | None,
    verbose: Verbose,
    steps: int | None,
    callbacks: Callbacks,
  ) -> np.ndarray:
    """Runs `keras.Model.predict`, in Keras' own path."""
    inputs.check_counts(batch_size=batch_size, steps=steps)
    inputs.check_ends(x, steps=steps)
    arrays = self._arrays(*self._model.split_inputs(x))
    self._prepare(x if arrays is None else arrays)
    if arrays is None:
      data = inputs.with_labels(x)
    else:
      data = arrays.x if arrays.y is None else [arrays.x, arrays.y]
    with self._running("predict", None), self._named_errors():
      return by_keras(data, batch_size, verbose, steps, _with_bar(callbacks, verbose))

  def on_batch(
    self,
    kind: Kind | Literal["predict"],
    by_keras: Callable,
    x: Data,
    y: TensorLike | None,
    sample_weight: TensorLike | None,
    class_weight: Mapping[int, float] | None = None,
    **options: Any,
  ) -> Any:
    """Runs `train_on_batch` or another method of `keras.Model` for one batch.

    Args:
      kind: "train", "test" or "predict".
      by_keras: Keras' method.
      x: As in Keras.
      y: As in Keras.
      sample_weight: As in Keras.
      class_weight: As in Keras.
      **options: Keras' other arguments.
    """
    if kind == "predict":
      x, y = self._model.split_inputs(x)
    arrays = self._arrays(x, y, sample_weight, class_weight)
    if arrays is None:
      raise TypeError(
        f"x is a {type(x).__name__}: give one batch, an array [batch, ...]."
      )
    self._prepare(arrays, None if kind == "predict" else kind)
    batch = [tf.convert_to_tensor(part) for part in arrays if part is not None]
    if kind == "predict" and len(batch) > 1:
      batch = [batch]  # x and its condition, as one argument
    if class_weight is not None:
      options["class_weight"] = class_weight
    with self._running(kind, None), self._named_errors():
      return by_keras(*batch, **options)

  def function(self, kind: Kind, by_keras: Callable) -> Callable:
    """The function that Keras' "train" or "test" loop calls with an iterator.

    Args:
      kind: "train" or "test".
      by_keras: Keras' own function, for data that no compiled loop runs over.
    """
    model = self._model
    step = model.train_step if kind == "train" else model.test_step
    # Keras reports the result of an overridden step.
    own = getattr(type(model), f"{kind}_step") in model.steps_with_metrics()
    results = model.get_metrics_result if own else None
    # Compiled functions of this kind: their optimizer or options are out of date.
    self.compiled = {k: v for k, v in self.compiled.items() if k[0] != kind}

    def function(iterator):
      source = self.running.get(kind)
      if source is None:
        logs = by_keras(self._with_first_seen(kind, iterator))
      else:
        logs = self._call(kind, source, step, results)
      model.after_call(kind, self._watch.epoch, self._watch.step[kind])
      return logs

    return function

  def in_keras_own_path(self) -> contextlib.AbstractContextManager[None]:
    """While this is open, `steps_per_execution` is the user's."""
    return self._running("predict", None)

  # How.

  def _call(self, kind, source, step, results):
    model, watch = self._model, self._watch
    epoch = watch.epoch if kind == "train" else 0
    jit = model.jit_compile
    if kind == "train" and self.chooses_xla and not jit:
      jit = model.xla_pays(source.dataset.num_examples)
    for run in source.runs(epoch, watch.step[kind]):
      data = source.dataset
      if kind in self._unseen:
        self._unseen.remove(kind)
        model.check_batch(run.first(data.preparation()))
      specs = tuple((*t.shape[1:], t.dtype.name) for t in run.tensors)
      key = (kind, jit, data.batch_size, specs, _identity(data.preparation()))
      if key not in self.compiled:
        self.compiled[key] = resident.Loop(
          run.tensors, data, step, results, model.run_eagerly, jit
        )
      logs = self.compiled[key](run)
    return logs

  def _with_first_seen(self, kind, iterator):
    """The iterator, or one of its first batches after the model has checked them.

    A second iterator of the data is never opened, since it could change what they give.
    """
    if kind not in self._unseen:
      return iterator
    self._unseen.remove(kind)
    batches = list(itertools.islice(iterator, self.user_steps))
    if not batches:
      return iterator
    first = self._model.distribute_strategy.experimental_local_results(batches[0])[0]
    self._model.check_batch(inputs.without_optionals(first))
    return streamed.replayed(batches, iterator)

  @contextlib.contextmanager
  def _running(self, kind, source) -> Iterator[None]:
    """While this is open, `kind` runs over a source, or in Keras' own path for None."""
    before = dict(self.running)
    self.running.pop(kind, None)
    self.running[kind] = source  # the innermost is the last
    try:
      yield
    finally:
      self.running.clear()
      self.running.update(before)

  @contextlib.contextmanager
  def _named_errors(self) -> Iterator[None]:
    """Replaces errors of TensorFlow from a running graph by readable ones."""
    try:
      yield
    except tf.errors.InvalidArgumentError as error:
      message = self._model.explain(error)
      if not message:
        raise
      raise ValueError(message) from error

  def _source(self, kind, data, batch_size, shuffle, steps, callbacks):
    """The source of batches for a compiled loop; None for Keras' own path."""
    if not self.is_on or self._is_spread():
      return None
    if getattr(self._model, "_compile_metrics", None) is not None:
      return None
    if isinstance(data, inputs.Arrays):
      if 4 * data.x.size > _MOST_RESIDENT_BYTES or shuffle == "batch":
        return None
      data = resident.InMemory(data, batch_size or 32, shuffle, self._model.seed)
    elif not resident.is_resident(data):
      # An epoch of a stream is a pass; Keras makes others of it, and warns at its end.
      data = None if steps else getattr(data, "pieces", None)
    if data is None:
      return None
    if kind == "test":  # One pass at most; Keras warns of steps beyond it.
      steps = min(steps or len(data), len(data))
    steps = _capped(steps or len(data))
    if self.user_steps > 1:
      size = self.user_steps
    elif watching.wants_every_batch(callbacks, kind):
      size = 1
    else:
      size = resident.steps_per_call(steps)
    size = min(size, streamed.most_steps(data.batch_size, data.event_shape))
    make = resident.Source if resident.is_resident(data) else streamed.Source
    return make(data, steps, size)

  def _validation(self, data, batch_size):
    """Validation data as Keras takes them; those in memory go to the device once."""
    if isinstance(data, inputs.Arrays):
      arrays = data
    else:
      arrays = self._arrays(*keras.utils.unpack_x_y_sample_weight(data))
    self._prepare(data if arrays is None else arrays, "test")
    if arrays is None:
      return inputs.with_labels(data)
    source = self._source("test", arrays, batch_size, False, None, None)
    return tuple(arrays) if source is None else resident.view(source.dataset)

  def _is_spread(self):
    with self._model.distribute_strategy.scope():
      return tf.distribute.has_strategy()

  def _prepare(self, data, kind=None):
    """Builds the model for data, and checks what is known before training.

    Args:
      data: `Arrays`, or a data set.
      kind: "train" or "test", if the likelihood will score values that are not checked
        yet; else None.
    """
    model, shape = self._model, inputs.event_shape(data)
    model.check_source(data)
    if model.built and shape is not None:
      if not tf.TensorShape(shape).is_compatible_with(model.event_shape):
        raise ValueError(shapes.message(shape, model.event_shape))
    if not model.built and shape is not None:
      if None in shape:
        raise ValueError(
          f"The examples of the data set have shape {shape}, where None is not known: "
          "set it, as in data.map(lambda x: tf.ensure_shape(x, [None, 28, 28, 1]))."
        )
      with model.distribute_strategy.scope():
        model.build((None, *shape))
    if isinstance(data, inputs.Arrays):
      model.check_array(data.x)
    if kind is not None:
      self._check(data, kind)
    if model.built and getattr(model, "optimizer", None) is not None:
      # Else the loop would be traced twice, once to create the slots.
      if not model.optimizer.built and not self._is_spread():
        model.optimizer.build(model.trainable_variables)

  def _arrays(self, x, y=None, sample_weight=None, class_weight=None):
    """The `Arrays` of arguments; None where x is a data set."""
    self._model.check_encoded(x)
    condition = self._model.condition
    if class_weight is not None and condition is not None and condition.shape:
      raise ValueError(
        "class_weight is by classes, and the condition is an array: pass sample_weight."
      )
    if conversion.is_array(x):
      y = self._model.as_y(y)
    keeps_y = class_weight is not None or condition is not None
    arrays = inputs.standardize(x, y, sample_weight, keeps_y)
    if class_weight is not None and arrays is not None and y is None:
      raise ValueError("class_weight needs labels: pass them as y.")
    return arrays

  def _check(self, data, kind):
    """Checks data in memory, arrays each time; of a stream, the first batch to come."""
    if isinstance(data, inputs.Arrays):
      has_targets = self._model.condition is None
      self._model.check_data(inputs.scored(data, has_targets))
    elif not resident.is_resident(data):
      self._unseen.add(kind)
    elif data not in self._checked:
      self._model.check_data(data.x, resident.sample(data))
      self._model.as_y(data.y)
      self._checked.add(data)

  def _watched(self, callbacks, verbose):
    """The callbacks, and those that are added to them."""
    watching.give_direction(watching.each(callbacks), self._model.maximized)
    if isinstance(callbacks, keras.callbacks.CallbackList):
      if self._watch not in callbacks.callbacks:
        callbacks.append(self._watch)
      return callbacks
    return _with_bar([self._watch, *watching.each(callbacks)], verbose)


def _with_bar(callbacks, verbose):
  """The callbacks, and one that shows progress where Keras would add its own."""
  if isinstance(callbacks, keras.callbacks.CallbackList):
    return callbacks
  callbacks = watching.each(callbacks)
  has_bar = any(isinstance(c, keras.callbacks.ProgbarLogger) for c in callbacks)
  return [*callbacks, Progress()] if verbose and not has_bar else callbacks


def _for_keras(arrays, x, y, sample_weight, batch_size) -> dict[str, Any]:
  """The data as Keras' own path takes them."""
  if arrays is not None:
    return {**arrays._asdict(), "batch_size": batch_size}
  given = {"x": inputs.with_labels(x), "y": y, "sample_weight": sample_weight}
  return {**given, "batch_size": batch_size}


def _as_given(data, source, batch_size, steps):
  """The data of a compiled loop, in the form that Keras and other tools see."""
  if isinstance(data, inputs.Arrays) and not steps:
    return {**data._asdict(), "batch_size": batch_size}
  if isinstance(source, streamed.Source):
    return {"x": data}
  return {"x": resident.view(source.dataset, steps and source.steps_per_epoch)}


def _identity(preparation):
  """A key that distinguishes preparations: a function and its bound arguments."""
  keywords = getattr(preparation, "keywords", {})
  return getattr(preparation, "func", preparation), *sorted(keywords.items())


def _capped(steps):
  most = keras.config.max_steps_per_epoch()
  return min(steps, most) if most else steps
