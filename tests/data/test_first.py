"""The first examples of every kind of source, and no more of it than they need."""

import numpy as np
import pytest

from aevb_tf import data
from aevb_tf.data.first import first_examples, first_pairs, sample_pairs

X = np.arange(24, dtype=np.float32).reshape(8, 3) / 24


@pytest.mark.parametrize(
  "source",
  [
    X,
    data.ArrayDataset(X, batch_size=3),
    data.ArrayDataset(X, batch_size=3).to_tf_data(),
    [X[:3], X[3:6], X[6:]],
    [(X[:3], None), (X[3:], None)],
  ],
)
@pytest.mark.parametrize("count", [1, 3, 4, 8, 100])
def test_every_source_gives_its_first(source, count):
  np.testing.assert_array_equal(first_examples(source, count), X[:count])


def test_no_batch_is_read_that_is_not_needed():
  def batches():
    yield X[:3]
    raise AssertionError("a second batch was read")

  assert len(first_examples(batches(), 3)) == 3


@pytest.mark.parametrize("source", [[], X[:0]])
def test_nothing_is_refused(source):
  with pytest.raises(ValueError, match="There are no examples"):
    first_examples(source, 3)


def test_a_sample_of_data_in_memory_is_random_and_that_of_others_the_first():
  y = np.arange(8)
  source = data.ArrayDataset(X, y, batch_size=3)
  x, labels = sample_pairs(source, 4, np.random.default_rng(0))
  chosen = np.sort(np.random.default_rng(0).permutation(8)[:4])
  assert not np.array_equal(chosen, y[:4])
  np.testing.assert_array_equal(labels, chosen)
  np.testing.assert_array_equal(x, X[chosen])
  for stream in (source.to_tf_data(), [(X, y)]):
    x, labels = sample_pairs(stream, 4, np.random.default_rng(0))
    np.testing.assert_array_equal(labels, y[:4])
    np.testing.assert_array_equal(x, X[:4])


def test_a_sample_has_the_binarization_of_the_next_pass():
  source = data.ArrayDataset(X, binarization="stochastic", batch_size=3, seed=1)
  source.epoch = 2
  x, _ = sample_pairs(source, 5, np.random.default_rng(0))
  chosen = np.sort(np.random.default_rng(0).permutation(8)[:5])
  np.testing.assert_array_equal(x, first_examples(source, 8)[chosen])


def test_pairs_have_the_y_of_their_examples():
  y = np.arange(8)
  source = data.ArrayDataset(X, y, batch_size=3)
  for found in (
    first_pairs(source, 4),
    first_pairs([(X[:3], y[:3]), (X[3:], y[3:])], 4),
  ):
    np.testing.assert_array_equal(found[0], X[:4])
    np.testing.assert_array_equal(found[1], y[:4])
  assert first_pairs([X], 4)[1] is first_pairs([(X, None)], 4)[1] is None
