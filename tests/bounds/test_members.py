"""Every registered bound in the harness, with the options of `tests/compositions.py`."""

import pytest
import tensorflow as tf

from aevb_tf.bounds import Bound
from tests import compositions
from tests.bounds import harness


@pytest.mark.parametrize("check", harness.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("bound", compositions.BOUNDS, ids=lambda b: b["name"])
def test_members(bound, check):
  check(bound)


class Wrong(Bound):
  """A bound whose value or gradient is changed by a function."""

  num_samples = 1

  def __init__(self, change):
    self.change = change

  def __call__(self, terms, step=0, training=False):
    return self.change(tf.reduce_mean(terms.log_weight, axis=0))


@pytest.mark.parametrize(
  "change",
  [
    lambda bound: bound * float("nan"),
    lambda bound: tf.cast(bound, tf.float64),
    tf.reduce_mean,
    lambda bound: tf.stop_gradient(bound),
  ],
  ids=["nan", "float64", "scalar", "no gradient"],
)
def test_a_wrong_bound_does_not_pass(change):
  with pytest.raises(AssertionError):
    harness.an_example_has_a_finite_bound_and_gradient(Wrong(change))
