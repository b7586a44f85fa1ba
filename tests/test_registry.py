import functools

import keras
import pytest

from aevb_tf import bounds, evidence, likelihoods, posteriors, priors, registry
from aevb_tf.registry import Registry
from tests.likelihoods import cases


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
  assert registry.options_of("pair") == ["a", "b"]


def test_unknown_names_list_near_matches():
  with pytest.raises(
    ValueError, match="Unknown likelihood 'bernouli'. Did you mean bernoulli"
  ):
    likelihoods.get("bernouli")
  with pytest.raises(ValueError, match="Known: .*gaussian"):
    posteriors.get("zzz")


@pytest.mark.parametrize("module", [bounds, evidence, likelihoods, posteriors, priors])
def test_names_from_elsewhere_are_known_by_those_here(module):
  found = {}
  for name in registry._OTHER_NAMES:
    with pytest.raises(ValueError) as error:
      module.get(name)
    found[name] = str(error.value).partition("Did you mean ")[2]
  expected = {
    bounds: {
      "elbo": "sgvb?",
      "iwae": "importance_weighted?",
      "miwae": "importance_weighted?",
      "reinforce": "score_function?",
    },
    evidence: {"ais": "annealed?", "iwae": "importance?"},
    likelihoods: {"normal": "gaussian?"},
    posteriors: {"normal": "gaussian?"},
    priors: {"normal": "standard_normal?"},
  }[module]
  assert {name: found[name] for name in expected} == expected


def test_wrong_options_name_the_member():
  with pytest.raises(ValueError, match="The likelihood 'gaussian' refused .*'scales'"):
    likelihoods.get({"name": "gaussian", "scales": 1})


A_MEMBER = {
  "bound": bounds.get("sgvb"),
  "likelihood": likelihoods.get("gaussian"),
  "posterior": posteriors.get("gaussian"),
  "prior": priors.get("mixture"),
}
FAMILIES = {
  "bound": bounds,
  "likelihood": likelihoods,
  "posterior": posteriors,
  "prior": priors,
}


@pytest.mark.parametrize("kind", FAMILIES)
def test_objects_of_another_kind_are_refused(kind):
  get = FAMILIES[kind].get
  others = [member for other, member in A_MEMBER.items() if other != kind]
  for other in (*others, None, 3, ["gaussian"]):
    with pytest.raises(TypeError, match=f"^The {kind} is .*: give a name, .* Known: "):
      get(other)
  with pytest.raises(ValueError, match=rf"^Unknown {kind} \['gaussian'\]."):
    get({"name": ["gaussian"]})


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_class_is_not_an_object(kind):
  cls = type(A_MEMBER[kind])
  message = rf"^The {kind} is the class {cls.__name__}: .* {cls.__name__}\(...\)"
  with pytest.raises(TypeError, match=message):
    FAMILIES[kind].get(cls)


def test_a_name_is_taken_once():
  registry = Registry("thing")
  registry.register("a")(int)
  with pytest.raises(ValueError, match="'a' is already registered, builtins.int: give"):
    registry.register("a")(float)
  assert registry.get("a") == 0 and registry.name_of(float) is None


def _cell(registry):
  """What a notebook cell does that defines a class, each time it is run."""

  @registry.register("mine", package="tests.registry")
  class Mine:
    def get_config(self):
      return {}

    @classmethod
    def from_config(cls, config):
      return cls(**config)

  return Mine


def test_a_cell_that_is_run_again_replaces_its_class():
  registry = Registry("thing")
  before, after = _cell(registry), _cell(registry)
  assert after is not before and type(registry.get("mine")) is after
  # Objects that were made before keep their name, and load as the new class.
  assert registry.name_of(before) == registry.name_of(after) == "mine"
  kept = keras.saving.serialize_keras_object(before())
  assert type(registry.get(kept)) is after


def test_the_name_in_saved_models_is_the_package_s_or_the_class_s_own():
  registry = Registry("thing")
  mine = _cell(registry)
  assert keras.saving.get_registered_name(mine) == "tests.registry>Mine"
  # What its author has registered with Keras, under whatever name, keeps that name.
  registry.register("again")(mine)
  assert keras.saving.get_registered_name(mine) == "tests.registry>Mine"


def test_objects_without_a_qualified_name_are_distinguished():
  registry = Registry("thing")
  one, other = (functools.partial(int, text) for text in "12")
  registry.register("a")(one)
  registry.register("a")(one)
  with pytest.raises(ValueError, match="'a' is already registered"):
    registry.register("a")(other)


@pytest.mark.parametrize("module", [likelihoods, posteriors, priors, bounds])
def test_every_member_survives_keras_serialization(module):
  for name in module.names():
    member = module.get(cases.identifier(name) if module is likelihoods else name)
    again = module.get(keras.saving.serialize_keras_object(member))
    assert type(again) is type(member)
    config = {k: v for k, v in member.get_config().items() if k != "name"}
    assert {k: v for k, v in again.get_config().items() if k != "name"} == config
