import keras
import pytest

from aevb_tf import bounds, likelihoods, posteriors, priors
from aevb_tf.registry import Registry


def test_names_options_and_objects():
  registry = Registry("thing")

  @registry.register("pair")
  class Pair:
    def __init__(self, a=1, b=2):
      self.a, self.b = a, b

  assert registry.get("pair").b == 2
  assert registry.get({"name": "pair", "b": 5}).b == 5
  pair = Pair()
  assert registry.get(pair) is pair
  assert registry.names() == ["pair"] and registry.name_of(Pair) == "pair"


def test_unknown_names_list_near_matches():
  with pytest.raises(ValueError, match="Unknown likelihood 'bernouli'.*'bernoulli'"):
    likelihoods.get("bernouli")
  with pytest.raises(ValueError, match="Known: .*gaussian"):
    posteriors.get("zzz")


def test_wrong_options_name_the_member():
  with pytest.raises(ValueError, match="The likelihood 'gaussian' refused .*'scales'"):
    likelihoods.get({"name": "gaussian", "scales": 1})


def test_a_name_is_taken_once():
  registry = Registry("thing")
  registry.register("a")(object)
  with pytest.raises(ValueError, match="'a' is registered already"):
    registry.register("a")(object)


@pytest.mark.parametrize("module", [likelihoods, posteriors, priors, bounds])
def test_every_member_survives_keras_serialization(module):
  for name in module.names():
    member = module.get(name)
    again = module.get(keras.saving.serialize_keras_object(member))
    assert type(again) is type(member)
    config = {k: v for k, v in member.get_config().items() if k != "name"}
    assert {k: v for k, v in again.get_config().items() if k != "name"} == config
