"""Every condition satisfies what all conditions satisfy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from tests.conditions import harness
from tests.conditions.harness import Case

_COLUMNS = aevb.tables.Schema(
  [
    {"name": "age", "kind": "real", "location": 50.0, "scale": 17.0},
    {"name": "sex", "kind": "binary", "levels": ["female", "male"], "type": "text"},
    {"name": "visits", "kind": "count", "scale": 3.0, "type": "int"},
    {"name": "dose", "kind": "positive", "scale": 2.0},
    {"name": "site", "kind": "categorical", "levels": ["a", "b", "c"], "type": "text"},
    {"name": "stage", "kind": "ordinal", "levels": [1, 2, 3], "type": "int"},
  ]
)
_ROWS = {
  "age": [20.0, 50.0, 81.0],
  "sex": ["male", "female", "male"],
  "visits": [0, 2, 9],
  "dose": [0.5, 1.0, 8.0],
  "site": ["b", "c", "a"],
  "stage": [3, 1, 2],
}
_NUMBERS = np.linspace(-1.0, 1.0, 36, dtype=np.float32)
CASES = {
  "labels": Case(3, [2, 0, 1], 3),
  "names": Case(["cat", "dog", "fox"], ["fox", "cat", "dog"], -1),
  "vector": Case((2,), _NUMBERS[:6].reshape(3, 2), np.nan),
  "image": Case((4, 3, 1), _NUMBERS.reshape(3, 4, 3, 1), np.inf),
  "other image": Case((2, 6, 1), _NUMBERS.reshape(3, 2, 6, 1), -np.inf),
  "columns": Case(_COLUMNS, _ROWS, -2.0),
}


@pytest.mark.parametrize("check", harness.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", CASES)
def test_it_satisfies_what_all_do(name, check):
  check(CASES[name])


def test_every_registered_condition_is_here():
  conditions = [aevb.conditions.get(case.condition) for case in CASES.values()]
  assert {c.get_config()["name"] for c in conditions} == set(aevb.conditions.names())


def test_a_condition_of_a_user_is_a_member():
  @keras.saving.register_keras_serializable("tests")
  class Angle(aevb.conditions.Condition):
    """An angle in radians; the networks see its sine and cosine."""

    features_shape = (2,)

    def as_array(self, values):
      array = np.asarray(values, np.float32).reshape(-1)
      if not np.isfinite(array).all():
        raise ValueError("The condition has an angle that is not finite.")
      return array

    def features(self, values):
      return tf.stack([tf.sin(values), tf.cos(values)], axis=1)

    def get_config(self):
      return {"name": "angle"}

  aevb.conditions.register("angle")(Angle)
  try:
    harness.check_member(Case({"name": "angle"}, [0.0, 1.0, 2.0], np.nan))
  finally:
    aevb.conditions.base.registry._members.pop("angle", None)
