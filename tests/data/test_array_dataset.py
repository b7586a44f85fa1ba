"""`ArrayDataset`: one data set, taken three ways with the same elements."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from aevb_tf.data import ArrayDataset, elements


def _data(n=23, shape=(3, 3, 1)):
  return np.random.default_rng(1).integers(0, 256, (n, *shape), np.uint8)


def _dataset(**options):
  options = {"batch_size": 5, "shuffle": True, "seed": 3} | options
  return ArrayDataset(_data(), np.arange(23), **options)


def _numpy(batches):
  return [(x.numpy(), y.numpy()) for x, y in batches]


def _assert_same(left, right):
  assert len(left) == len(right)
  for a, b in zip(left, right, strict=True):
    np.testing.assert_array_equal(a[0], b[0])
    np.testing.assert_array_equal(a[1], b[1])


def test_attributes():
  data = _dataset()
  assert data.num_examples == 23 and data.event_shape == (3, 3, 1)
  assert len(data) == 5 and len(_dataset(drop_remainder=True)) == 4
  assert data.x.dtype == np.uint8 and data.y.dtype == np.int32


def test_without_shuffle_batches_are_the_data_in_order():
  data = _dataset(shuffle=False)
  x, y = (np.concatenate(part) for part in zip(*_numpy(data), strict=True))
  np.testing.assert_array_equal(x, _data().astype(np.float32) / np.float32(255))
  np.testing.assert_array_equal(y, np.arange(23))
  assert x.dtype == np.float32 and y.dtype == np.int32


def test_no_labels():
  _, y = ArrayDataset(_data())[0]
  np.testing.assert_array_equal(y, np.full(23, -1))


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint16, np.float64])
def test_numbers_are_not_changed(dtype):
  x = np.array([[0, 1, 2], [2, 0, 300]], dtype)
  counts = ArrayDataset(x)
  np.testing.assert_array_equal(counts[0][0], np.float32(x))
  np.testing.assert_array_equal(counts.mean(), [1, 0.5, 151])
  ((streamed, _),) = counts.to_tf_data()
  np.testing.assert_array_equal(streamed, np.float32(x))


def test_vectors_keep_their_shape():
  assert ArrayDataset(_data(shape=(6,)))[0][0].shape == (23, 6)


def test_a_pass_has_every_example_once_in_the_order_of_its_epoch():
  data = _dataset()
  for epoch in range(3):
    assert data.epoch == epoch
    y = np.concatenate([y for _, y in data])
    np.testing.assert_array_equal(y, data.order(epoch))
    np.testing.assert_array_equal(np.sort(y), np.arange(23))
  assert (data.order(0) != data.order(1)).any()


def test_epoch_can_be_set():
  data, other = _dataset(binarization="stochastic"), _dataset(binarization="stochastic")
  list(data)
  other.epoch = 1
  _assert_same(_numpy(data), _numpy(other))


@pytest.mark.parametrize("binarization", elements.BINARIZATIONS)
def test_resident_and_streamed_elements_are_equal(binarization):
  data = _dataset(binarization=binarization)
  stream = data.to_tf_data()
  loop = tf.function(data.examples, jit_compile=True)
  assert stream.element_spec[0].shape == (None, 3, 3, 1)
  assert stream.cardinality() == len(data)
  for epoch in range(3):
    assert stream.epoch.numpy() == epoch
    streamed, indexed = _numpy(stream), _numpy(data)
    batches = np.split(data.order(epoch), range(5, 23, 5))
    compiled = [loop(data.tensors(), i, tf.constant(epoch)) for i in batches]
    _assert_same(indexed, streamed)
    _assert_same(indexed, _numpy(compiled))


def test_stream_continues_from_the_epoch_of_the_data():
  data = _dataset()
  data.epoch = 4
  _assert_same(_numpy(data.to_tf_data()), _numpy(data))


def test_tensors_are_made_once():
  data = _dataset()
  assert data.tensors()[0] is data.tensors()[0]
  traced = _dataset()
  tf.function(lambda: traced.tensors()[1] + 0)()
  assert tf.executing_eagerly() and traced.tensors()[0].numpy().shape == (23, 3, 3, 1)


def test_indexing():
  data = _dataset()
  np.testing.assert_array_equal(data[-1][1], data[4][1])
  for index in (5, -6):
    with pytest.raises(IndexError, match=f"Batch {index} is out of range"):
      data[index]


class _Seen(keras.Model):
  """Adds up the labels that it is given."""

  def __init__(self):
    super().__init__(name="seen")
    self.head = keras.layers.Dense(1)
    self.total = keras.metrics.Sum(name="total")

  def call(self, x):
    return self.head(keras.layers.Flatten()(x))

  def compute_metrics(self, x, y, y_pred, sample_weight=None):
    self.total.update_state(y)
    return self.get_metrics_result()


def test_any_keras_model_takes_it():
  model = _Seen()
  model.compile(optimizer="sgd", loss="mse")
  history = model.fit(_dataset(), epochs=2, shuffle=False, verbose=0)
  assert history.history["total"] == [253.0, 253.0]  # 0 + 1 + ... + 22
  assert model.evaluate(_dataset(), return_dict=True, verbose=0)["total"] == 253.0
  assert model.predict(_dataset(), verbose=0).shape == (23, 1)


@pytest.mark.parametrize(
  ("options", "error", "message"),
  [
    ({"batch_size": 0}, ValueError, "batch_size=0 must be"),
    ({"batch_size": 2.5}, TypeError, "batch_size=2.5 must be an int"),
    ({"seed": None}, TypeError, "seed=None must be an int"),
    ({"binarization": "fix"}, ValueError, "Did you mean fixed"),
    ({"batch_size": 24, "drop_remainder": True}, ValueError, "at most 23"),
  ],
)
def test_refused_options(options, error, message):
  with pytest.raises(error, match=message):
    _dataset(**options)


def test_refused_data():
  x = np.zeros((2, 3), np.float32)
  x[1, 2] = np.nan
  with pytest.raises(ValueError, match=r"x\[1, 2\] is nan"):
    ArrayDataset(x)
  with pytest.raises(ValueError, match=r"x\[0, 0\] is 2.0.*binarized"):
    ArrayDataset(np.full((2, 3), 2.0), binarization="stochastic")
  assert ArrayDataset(np.full((2, 3), 2.0))[0][0].numpy().max() == 2.0


def test_missing_values_are_kept_where_they_are_allowed():
  x = np.float32([[1, np.nan, 3], [2, 4, np.nan], [3, 5, np.nan]])
  dataset = ArrayDataset(x, batch_size=2, missing=True)
  np.testing.assert_array_equal(dataset[0][0], x[:2])
  np.testing.assert_allclose(dataset.mean(), [2, 4.5, 3])
  masked = np.ma.masked_array(np.nan_to_num(x), np.isnan(x))
  np.testing.assert_array_equal(ArrayDataset(masked, missing=True).x, x)
  for given in (x, masked):
    with pytest.raises(ValueError, match=r"x\[0, 1\] is nan, .* pass missing=True"):
      ArrayDataset(given)
  x[0, 1] = np.inf
  with pytest.raises(ValueError, match=r"x\[0, 1\] is inf, not a finite float32: rem"):
    ArrayDataset(x, missing=True)


def test_missing_values_are_not_binarized():
  x = np.float32([[1, np.nan], [0, 1]])
  with pytest.raises(ValueError, match="would draw a value for each missing value"):
    ArrayDataset(x, missing=True, binarization="stochastic")


@pytest.mark.parametrize(
  "labels, classes",
  [
    (["b", "a", "b"], ("a", "b")),
    ([b"b", b"a", b"b"], ("a", "b")),
    (np.array(["b", None, "b"], object), ("b",)),
    ([2, 0, 1], None),
    ([0.0, np.nan, 1.0], None),
    (None, None),
  ],
)
def test_classes_are_the_names_of_labels(labels, classes):
  x = np.zeros((3, 2), np.float32)
  assert ArrayDataset(x, labels).classes == classes
  given = ArrayDataset(x, [0, 1, 1], classes=["no", "yes"])
  assert given.classes == ("no", "yes")
