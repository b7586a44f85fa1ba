"""Batches with a fixed number of labelled examples: order, weights, errors."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.data import SemiSupervisedDataset
from tests.models.test_semi_supervised import compiled, images


def examples(n=24, labelled=6):
  """Numbered examples `[n, 1]`; labels at every fourth."""
  x = np.arange(n, dtype=np.float32)[:, None]
  y = np.full(n, -1)
  y[:: n // labelled] = np.arange(labelled) % 3
  return x, y


def test_batches_have_labelled_examples_and_weights():
  x, y = examples()
  data = SemiSupervisedDataset(x, y, batch_size=5, num_labelled=2)
  assert len(data) == 18 // 3 and data.labelled_fraction == 6 / 24
  seen = []
  for found, labels, weights in data:
    assert found.shape == (5, 1) and found.dtype == tf.float32
    np.testing.assert_array_equal(labels, y[np.int32(found[:, 0])])
    assert np.sum(labels >= 0) == 2
    wanted = np.where(labels >= 0, (6 / 24) / (2 / 5), (18 / 24) / (3 / 5))
    np.testing.assert_allclose(weights, wanted, rtol=1e-6)
    assert np.sum(weights) == pytest.approx(5)
    seen.extend(np.int32(found[:, 0]))
  # Each example without a label once, each labelled one equally often.
  counts = np.bincount(seen, minlength=24)
  np.testing.assert_array_equal(counts, np.where(y < 0, 1, 2))
  assert data.epoch == 1


def test_the_weighted_mean_is_that_of_all_examples():
  x, y = examples()
  for num_labelled in (1, 2, 3):
    data = SemiSupervisedDataset(x, y, 3 + num_labelled, num_labelled)
    batches = [batch for _ in range(2) for batch in data]
    value = np.mean([np.mean(w * x[:, 0] ** 2) for x, _, w in batches])
    assert value == pytest.approx(np.mean(x**2), rel=1e-6)


def test_labelled_examples_are_used_equally_often_over_epochs():
  x, y = examples()
  data = SemiSupervisedDataset(x, y, 11, num_labelled=1)  # one batch, one label
  labelled = [int(data.order(epoch)[0]) for epoch in range(12)]
  assert sorted(labelled[:6]) == sorted(labelled[6:]) == list(np.flatnonzero(y >= 0))
  left_out = [set(np.flatnonzero(y < 0)) - set(data.order(e)) for e in range(12)]
  assert all(len(rest) == 8 for rest in left_out) and left_out[0] != left_out[1]


def test_the_order_depends_on_the_seed_and_the_epoch():
  x, y = examples()
  data = SemiSupervisedDataset(x, y, 6, seed=3)
  again = SemiSupervisedDataset(x, y, 6, seed=3)
  other = SemiSupervisedDataset(x, y, 6, seed=4)
  assert data.num_labelled == 3
  for epoch in range(3):
    np.testing.assert_array_equal(data.order(epoch), again.order(epoch))
    assert np.any(data.order(epoch) != other.order(epoch))
  again.epoch = 2
  indices = data.order(2)[6:12]
  np.testing.assert_array_equal(again[1][0][:, 0], x[indices, 0])
  np.testing.assert_array_equal(again[-len(data) + 1][0], again[1][0])
  with pytest.raises(IndexError, match="out of range"):
    again[len(again)]


def test_images_are_scaled_and_binarized_as_in_an_array_dataset():
  images = np.random.default_rng(0).integers(0, 256, (24, 4, 4), np.uint8)
  _, y = examples()
  for binarization in ("none", "fixed", "stochastic"):
    data = SemiSupervisedDataset(images, y, 6, binarization=binarization, seed=1)
    plain = aevb.data.ArrayDataset(images, y, binarization=binarization, seed=1)
    indices = tf.constant(data.order(0)[:6])
    wanted, labels = plain.examples(plain.tensors(), indices, tf.constant(0))
    found = data[0]
    np.testing.assert_array_equal(found[0], wanted)
    np.testing.assert_array_equal(found[1], labels)
  assert data.event_shape == plain.event_shape and data.num_examples == 24
  np.testing.assert_array_equal(data.mean(), plain.mean())
  assert "6 with a label, in batches of 6 with 3" in repr(data)


def test_a_model_trains_on_the_same_batches_in_every_loop():
  x, c = images(24)
  y = np.where(np.arange(24) % 4, -1, c)
  found = []
  for options in ({}, {"run_eagerly": True}):
    vae = compiled(keras.optimizers.Adam(0.01), options)
    logs = vae.fit(SemiSupervisedDataset(x, y, 6), epochs=2, verbose=0).history
    found.append((vae.get_weights(), logs))
  for weights, logs in found[1:]:
    for a, b in zip(found[0][0], weights, strict=True):
      np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)
    for name, values in logs.items():
      np.testing.assert_allclose(found[0][1][name], values, rtol=1e-5, err_msg=name)
  by_keras = compiled(None, {"device_loop": False})
  logs = by_keras.fit(SemiSupervisedDataset(x, y, 6), verbose=0).history
  assert np.isfinite(logs["accuracy"][0])
  resumed = compiled(keras.optimizers.Adam(0.01))
  data = SemiSupervisedDataset(x, y, 6)
  resumed.fit(data, epochs=1, verbose=0)
  resumed.fit(data, epochs=2, initial_epoch=1, verbose=0)
  for a, b in zip(found[0][0], resumed.get_weights(), strict=True):
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
  "options, message",
  [
    ({"num_labelled": 0}, "num_labelled=0"),
    ({"num_labelled": 6}, "below batch_size=6"),
    ({"batch_size": 1}, "num_labelled=None"),
    ({"y": np.full(24, -1)}, "0 of 24 examples have a label"),
    ({"y": np.zeros(24, int)}, "24 of 24 examples have a label"),
    ({"batch_size": 60}, "18 examples have no label, and a batch needs 30"),
    ({"y": np.zeros((24, 2))}, "one label each"),
  ],
)
def test_impossible_arguments_are_refused(options, message):
  x, y = examples()
  with pytest.raises(ValueError, match=message):
    SemiSupervisedDataset(**{"x": x, "y": y, "batch_size": 6, **options})


@pytest.mark.parametrize("kind", ["None", "NaN", "NA", "category", "masked"])
def test_names_may_be_missing(kind):
  x, y = examples()
  names = np.array(["a", "b", "c", None], object)[y]
  given = {
    "None": names,
    "NaN": np.where(y < 0, np.nan, names),
    "NA": pd.Series(names, dtype="string"),
    "category": pd.Series(names, dtype="category"),
    "masked": np.ma.array(np.array(["a", "b", "c"])[y], mask=y < 0),
  }[kind]
  data = SemiSupervisedDataset(x, given, batch_size=6)
  assert data.classes == ("a", "b", "c") and data.labelled_fraction == 6 / 24
  np.testing.assert_array_equal(data.y, y)


def test_a_class_without_a_label_keeps_its_number():
  x, y = images(16)
  names = np.array(["a", "b", "c"], object)[y]
  names[(np.arange(16) % 2 == 0) | (names == "a")] = None
  vae = compiled(condition=["a", "b", "c"])
  data = SemiSupervisedDataset(x, names, batch_size=6)
  with pytest.raises(
    ValueError, match=r"\['b', 'c'\]: .* classes=vae.condition.levels"
  ):
    vae.fit(data, verbose=0)
  levels = vae.condition.levels
  data = SemiSupervisedDataset(x, names, batch_size=6, classes=levels)
  has_label = names != None  # noqa: E711
  np.testing.assert_array_equal(data.y, np.where(has_label, y, -1))
  assert np.isfinite(vae.fit(data, verbose=0).history["loss"])
