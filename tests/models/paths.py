"""The ways in which examples reach a model, all with the same signature.

    TRAIN[name](model, Examples) -> logs of one pass of `fit`
    TEST[name](model, Examples) -> logs of one pass of `evaluate`

Training logs are means over a pass in order; with an optimizer that does not move, all
ways therefore have the same logs.
"""

import contextlib
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.random import Purpose, derive


class Examples(NamedTuple):
  """What is passed: x alone, `(x, y)`, or `(x, y, weights)` where y may be None."""

  x: np.ndarray
  y: Any = None
  weights: np.ndarray | None = None
  batch_size: int = 8

  def element(self, rows=slice(None)):
    parts = [None if part is None else part[rows] for part in self[:3]]
    while parts[-1] is None:
      parts.pop()
    return tuple(parts)

  def batches(self):
    starts = range(0, len(self.x), self.batch_size)
    return [self.element(slice(i, i + self.batch_size)) for i in starts]


class Batches(keras.utils.PyDataset):
  def __init__(self, examples):
    super().__init__()
    self.elements = examples.batches()

  def __len__(self):
    return len(self.elements)

  def __getitem__(self, i):
    element = self.elements[i]
    return element if len(element) > 1 else element[0]


def as_arrays(examples):
  x, y, weights, batch_size = examples
  return {"x": x, "y": y, "sample_weight": weights, "batch_size": batch_size}


def as_tensors(examples):
  tensors = [None if part is None else tf.constant(part) for part in examples[:3]]
  return as_arrays(Examples(*tensors, examples.batch_size))


def as_array_dataset(examples):
  return {"x": aevb.data.ArrayDataset(examples.x, batch_size=examples.batch_size)}


def as_stream(examples):
  given = {k: v for k, v in enumerate(examples.element()) if v is not None}
  batches = tf.data.Dataset.from_tensor_slices(given).batch(examples.batch_size)
  size = len(examples.element())
  if size == 1:
    return {"x": batches.map(lambda parts: parts[0])}
  return {"x": batches.map(lambda parts: tuple(parts.get(i) for i in range(size)))}


def as_stream_of_unknown_shape(examples):
  known = as_stream(examples)["x"]

  def forget(*parts):
    unknown = tf.compat.v1.placeholder_with_default
    parts = tuple(p if p is None else unknown(p, None) for p in parts)
    return parts if len(parts) > 1 else parts[0]

  return {"x": known.map(forget)}


def as_sequence(examples):
  return {"x": Batches(examples)}


def as_generator(examples):
  batches = examples.batches()
  return {"x": (batch for batch in batches), "steps": len(batches)}


GIVEN = {
  "array": as_arrays,
  "tensor": as_tensors,
  "ArrayDataset": as_array_dataset,
  "tf.data": as_stream,
  "tf.data of unknown shape": as_stream_of_unknown_shape,
  "PyDataset": as_sequence,
  "generator": as_generator,
}


def train_by(way):
  def train(model, examples, **options):
    given = GIVEN[way](examples)
    if "steps" in given:
      given["steps_per_epoch"] = given.pop("steps")
    if way in ("array", "tensor", "PyDataset"):
      options = {"shuffle": False, **options}
    history = model.fit(**given, verbose=0, **options).history
    return {name: values[-1] for name, values in history.items()}

  return train


def evaluate_by(way):
  def evaluate(model, examples):
    return model.evaluate(**GIVEN[way](examples), verbose=0, return_dict=True)

  return evaluate


def train_on_batch(model, examples):
  logs, sizes = [], []
  for batch in examples.batches():
    logs.append(model.train_on_batch(*batch, return_dict=True))
    sizes.append(
      (len(batch[0]), np.sum(batch[2]) if len(batch) == 3 else len(batch[0]))
    )
  examples_of, weights_of = zip(*sizes, strict=True)
  return {
    name: np.average(
      [each[name] for each in logs],
      weights=examples_of if name == "loss" else weights_of,
    )
    for name in logs[0]
  }


def evaluate_on_batch(model, examples):
  return model.test_on_batch(*examples.element(), return_dict=True)


def validate(model, examples, **options):
  logs = model.fit(verbose=0, batch_size=examples.batch_size, **options).history
  return {
    name.removeprefix("val_"): value[-1]
    for name, value in logs.items()
    if name.startswith("val_")
  }


def validation_data(model, examples):
  given = examples.element()
  given = given if len(given) > 1 else given[0]
  return validate(model, examples, x=right_shape(model), validation_data=given)


def validation_stream(model, examples):
  given = as_stream(examples)["x"]
  return validate(model, examples, x=right_shape(model), validation_data=given)


def validation_split(model, examples):
  def twice(part):
    return None if part is None else np.concatenate([part, part])

  x, y, weights = map(twice, examples[:3])
  options = {"y": y, "sample_weight": weights, "validation_split": 0.5}
  return validate(model, examples, x=x, **options)


def right_shape(model):
  return np.zeros((4, *model.event_shape), np.float32)


TRAIN = {name: train_by(name) for name in GIVEN} | {"train_on_batch": train_on_batch}
TEST = {name: evaluate_by(name) for name in GIVEN} | {
  "test_on_batch": evaluate_on_batch,
  "validation_data": validation_data,
  "validation_data as tf.data": validation_stream,
  "validation_split": validation_split,
}
# Those that take weights and targets.
WEIGHTED_TRAIN = {k: v for k, v in TRAIN.items() if k != "ArrayDataset"}
WEIGHTED_TEST = {k: v for k, v in TEST.items() if k != "ArrayDataset"}
ALL = {f"fit, {k}": v for k, v in TRAIN.items()} | {
  f"evaluate, {k}": v for k, v in TEST.items()
}


# What the logs must be.


def training_parts(model, examples):
  """`bound_parts` of each batch in the next pass of `fit`, at the current weights."""
  seed = derive(model.seed, Purpose.TRAIN)
  for i, (x, *others) in enumerate(examples.batches()):
    step = derive(seed, Purpose.STEP, int(model.updates) + i)
    yield model.bound_parts(
      tf.constant(x), step, tf.range(len(x)), True, **_targets(x, others)
    )


def evaluation_parts(model, examples):
  """`bound_parts` of all examples in `evaluate`."""
  x, *others = examples.element()
  seed = derive(model.seed, Purpose.TEST)
  rows = tf.range(len(x))
  return model.bound_parts(tf.constant(x), seed, rows, False, **_targets(x, others))


def _targets(x, others):
  y = others[0] if others else None
  return {"targets": tf.constant(y)} if np.shape(y) == x.shape else {}


def joined(parts, field):
  return np.concatenate([np.asarray(getattr(part, field)) for part in parts])


@contextlib.contextmanager
def unchanged(model):
  """Checks that nothing of the model was updated."""
  before = [v.numpy() for v in model.variables]
  yield
  for old, variable in zip(before, model.variables, strict=True):
    np.testing.assert_array_equal(old, variable.numpy())
