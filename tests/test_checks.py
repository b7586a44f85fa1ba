"""One rule for what a positive integer is, and one message."""

import numpy as np
import pytest
import tensorflow as tf

from aevb_tf import bounds, evidence, networks
from aevb_tf.checks import positive_int


@pytest.mark.parametrize(
  "value", [3, np.int64(3), np.uint8(3), np.array(3), tf.constant(3), 3.0]
)
def test_whole_numbers_of_every_kind_are_taken(value):
  taken = positive_int("count", value)
  assert taken == 3 and type(taken) is int


@pytest.mark.parametrize(
  "value", [0, -1, 2.5, True, "3", None, float("nan"), float("inf"), (3,)]
)
def test_everything_else_is_refused_by_its_name(value):
  with pytest.raises(ValueError, match="^count=.* must be a positive integer.$"):
    positive_int("count", value)


def test_every_family_has_the_same_rule():
  assert networks.MLPEncoder(2.0).latent_dim == 2
  assert bounds.SGVB(num_samples=2.0).num_samples == 2
  assert evidence.get("importance", num_samples=2.0).num_samples == 2
