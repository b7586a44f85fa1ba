"""The configs: complete, locked, documented, and possible."""

import pathlib

import pytest

from aevb_tf import configs
from aevb_tf.configs import base
from aevb_tf.training import checks, configuration

NAMES = sorted(configuration.installed())


def test_the_configs_that_are_promised_are_there():
  promised = {
    "digits", "mnist", "mnist_paper", "mnist_conv", "frey_face", "manifold", "test"
  }  # fmt: skip
  assert promised <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_config_has_all_keys_and_possible_values(name):
  config = configuration.load(name)
  assert set(config) == set(base.get_config())
  assert config.name == name
  assert config.is_locked
  checks.check_values(config)


@pytest.mark.parametrize("name", NAMES)
def test_config_says_its_command(name):
  text = pathlib.Path(configs.__path__[0], f"{name}.py").read_text()
  assert f"\n    aevb-train --config={name} --workdir=runs/{name}\n" in text
  assert configuration.installed()[name].endswith(".")


def test_base_is_locked():
  with pytest.raises(AttributeError, match="latent_dims"):
    base.get_config().latent_dims = 3
  with pytest.raises(TypeError, match="epochs"):
    base.get_config().epochs = "many"


def test_paper_settings_are_those_of_the_paper():
  config = configuration.load("mnist_paper")
  assert (config.batch_size, config.bound.num_samples) == (100, 1)
  assert config.hidden_units == (500,)
  assert config.activation == "tanh"
  assert config.optimizer.name == "adagrad"
  assert config.learning_rate in (0.01, 0.02, 0.1)
  assert config.kernel_initializer.to_dict() == {
    "name": "random_normal",
    "stddev": 0.1,
  }
  assert config.parameter_prior_stddev == 1.0
  assert config.scale_to_dataset
  assert round(config.epochs * 60_000, -6) == 1e7
