"""What runs train on: whole batches, subsets, and the film cut once."""

import numpy as np
import pytest

from aevb_tf import data
from aevb_tf.data import frey_face
from aevb_tf.training.configuration import ConfigError
from experiments import datasets, settings


def test_train_has_whole_batches_and_test_has_all():
  config = settings.digits().config
  found = datasets.load(config, train_examples=250)
  assert [len(x) for x, _ in found.train] == [100, 100]
  assert found.train.shuffle and not found.test.shuffle
  np.testing.assert_array_equal(found.train.x, data.load("digits").x[:250])
  np.testing.assert_array_equal(found.measured.x, found.train.x)
  np.testing.assert_array_equal(found.test.x, data.load("digits", split="test").x)


def test_binarization_is_that_of_the_data_set():
  config = settings.digits().change(binarization="fixed").config
  found = datasets.load(config, train_examples=300)
  whole = data.load("digits", binarization="fixed")
  np.testing.assert_array_equal(found.train.x, whole.x[:300])
  assert set(np.unique(found.train.x)) == {0, 255}


def test_more_data_than_there_are_is_refused():
  with pytest.raises(ConfigError, match="4000 training examples, not 10000"):
    datasets.load(settings.digits().config, train_examples=10_000)


def test_the_film_is_cut_once(data_folder):
  config = settings.frey_face(str(data_folder)).config
  found = datasets.load(config, split="film")
  film = frey_face.read(data_folder / frey_face.FILE)
  np.testing.assert_array_equal(np.concatenate([found.train.x, found.test.x]), film)
  assert found.test.num_examples == frey_face.NUM_TEST
