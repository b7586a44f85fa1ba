"""Configs are found, read, changed and written; what is wrong takes one line."""

import json

import pytest

from aevb_tf.configs import base
from aevb_tf.training import checks, configuration, overrides
from aevb_tf.training.configuration import ConfigError


def _changed(*argv, config="test"):
  config = configuration.load(config)
  overrides.apply(config, list(argv))
  checks.check_values(config)
  return config


def _file(tmp_path, body):
  path = tmp_path / "mine.py"
  lines = "".join(f"  {line}\n" for line in body.splitlines())
  path.write_text(f"from aevb_tf.configs import base\n\n\ndef get_config():\n{lines}")
  return path


# Finding and reading.


def test_a_path_is_a_file(tmp_path):
  path = _file(tmp_path, "config = base.get_config()\nconfig.epochs = 7\nreturn config")
  config = configuration.load(str(path))
  assert config.epochs == 7
  assert config.batch_size == base.get_config().batch_size


def test_json_gives_the_same_config_back(tmp_path):
  config = _changed("--config.likelihood=gaussian", "--config.likelihood.scale=0.1")
  path = tmp_path / "config.json"
  path.write_text(json.dumps(configuration.to_json(config)))
  again = configuration.load(str(path))
  assert again.to_dict() == config.to_dict()
  assert again.hidden_units == (16,)
  assert configuration.differences(config, again) == []


@pytest.mark.parametrize(
  ("name", "message"),
  [
    ("mnits", r"--config=mnits: .*Did you mean mnist"),
    ("nowhere.py", r"--config=nowhere.py: there is no such file"),
    ("nowhere.json", r"--config=nowhere.json: there is no such file"),
  ],
)
def test_a_config_that_is_not_there(name, message):
  with pytest.raises(ConfigError, match=message):
    configuration.load(name)


@pytest.mark.parametrize(
  ("body", "message"),
  [
    (
      "config = base.get_config()\nconfig.epoch = 3\nreturn config",
      r"line 6: unknown key 'epoch'. Did you mean epochs",
    ),
    (
      "config = base.get_config()\nconfig.epochs = 'x'\nreturn config",
      r"line 6: .*epochs",
    ),
    ("return {}", "must return a ConfigDict"),
    ("return 1 / 0", "line 5: ZeroDivisionError: division by zero"),
    ("return (", "SyntaxError"),
    (
      "config = base.get_config().unlock()\nconfig.epoch = 3\nreturn config",
      "Did you mean",
    ),
    ("config = base.get_config()\nconfig.epochs = True\nreturn config", None),
  ],
)
def test_a_broken_file_is_reported_in_one_line(tmp_path, body, message):
  path = _file(tmp_path, body)
  with pytest.raises(ConfigError, match=message) as caught:
    configuration.load(str(path))
  assert "\n" not in str(caught.value)
  assert str(path) in str(caught.value)


@pytest.mark.parametrize(
  ("text", "message"),
  [
    ("{", "not a JSON file"),
    ("[]", "a single JSON object"),
    ('{"epoch": 3}', "unknown key 'epoch'. Did you mean epochs"),
    ('{"epochs": "3"}', "epochs must have type int"),
    ('{"epochs": true}', "epochs must have type int"),
    ('{"likelihood": 3}', "likelihood must have type {name"),
  ],
)
def test_a_broken_json_is_reported_in_one_line(tmp_path, text, message):
  path = tmp_path / "config.json"
  path.write_text(text)
  with pytest.raises(ConfigError, match=message):
    configuration.load(str(path))


# Changing.


@pytest.mark.parametrize(
  ("argv", "key", "value"),
  [
    (["--config.epochs=3"], "epochs", 3),
    (["--config.epochs", "3"], "epochs", 3),
    (["--config.learning_rate=1"], "learning_rate", 1.0),
    (["--config.hidden_units=500,200"], "hidden_units", (500, 200)),
    (["--config.hidden_units=()"], "hidden_units", ()),
    (["--config.hidden_units=200"], "hidden_units", (200,)),
    (["--config.plots=false"], "plots", False),
    (["--noconfig.plots"], "plots", False),
    (["--config.dataset=a=b.npz"], "dataset", "a=b.npz"),
  ],
)
def test_a_key_is_changed(argv, key, value):
  changed = _changed(*argv)[key]
  assert changed == value
  assert type(changed) is type(value)


@pytest.mark.parametrize(
  ("argv", "part"),
  [
    (["--config.likelihood=gaussian"], {"name": "gaussian"}),
    (
      ["--config.likelihood=gaussian", "--config.likelihood.unit_mean=true"],
      {"name": "gaussian", "unit_mean": True},
    ),
    (
      ["--config.likelihood.name=gaussian", "--config.likelihood.scale=0.1"],
      {"name": "gaussian", "scale": 0.1},
    ),
    (
      ["--config.likelihood=gaussian", "--config.likelihood.scale=shared"],
      {"name": "gaussian", "scale": "shared"},
    ),
    (
      ["--config.likelihood={'name': 'gaussian', 'scale': 2}"],
      {"name": "gaussian", "scale": 2},
    ),
  ],
)
def test_a_part_is_changed(argv, part):
  assert _changed(*argv).likelihood.to_dict() == part


def test_a_new_name_leaves_no_option_behind():
  config = _changed("--config.likelihood=bernoulli", config="frey_face")
  assert config.likelihood.to_dict() == {"name": "bernoulli"}


def test_an_option_takes_another_type_than_it_had():
  config = _changed("--config.likelihood.scale=0.5", config="frey_face")
  assert config.likelihood.scale == 0.5
  assert config.likelihood.unit_mean is True


@pytest.mark.parametrize(
  ("word", "message"),
  [
    ("--config.epoch=3", "unknown key 'epoch'. Did you mean epochs"),
    ("--config.xyzzy=3", "unknown key 'xyzzy'. Known: activation"),
    ("--config.epochs=3.5", "config.epochs=3.5"),
    ("--config.epochs=many", "config.epochs=many"),
    ("--config.epochs=-1", "config.epochs=-1: must be at least 1"),
    ("--config.epochs=0", "config.epochs=0: must be at least 1"),
    ("--config.epochs", "config.epochs"),
    ("--config.plots=7", "config.plots"),
    ("--config.batch_size=0", "config.batch_size=0"),
    ("--config.latent_dim=0", "config.latent_dim=0"),
    ("--config.learning_rate=nan", "config.learning_rate=nan"),
    ("--config.learning_rate=0", "config.learning_rate=0"),
    ("--config.hidden_units=a", "config.hidden_units"),
    ("--config.hidden_units=5,0", "config.hidden_units"),
    ("--config.seed=-1", "config.seed"),
    ("--config.network=mpl", "config.network=mpl.*Did you mean mlp"),
    ("--config.binarization=stochstic", "Did you mean stochastic"),
    ("--config.dtype_policy=float16", "Did you mean"),
    ("--config.jit_compile=true", "config.jit_compile=true: unknown value"),
    ("--config.output_bias=mean", "Did you mean data_mean"),
    ("--config.learning_rate_schedule=cos", "Did you mean cosine"),
    ("--config.parameter_prior_stddev=1", "needs --config.scale_to_dataset=true"),
    ("--config.parameter_prior_stddev=-1", "config.parameter_prior_stddev=-1"),
    ("--config.name.x=1", "name has no keys below it"),
    ("--config.likelihood.a.b=1", "likelihood has no keys below it"),
    ("--config.likelihood={'name'", "not a Python dict"),
    ("--config.likelihood={'scale': 1}", "config.likelihood: must have a name"),
    ("--config.dataset=", "config.dataset"),
    ("--config.=3", "unknown key ''"),
    ("epochs=3", "epochs=3: not a flag"),
  ],
)
def test_invalid_values_are_reported_in_one_line(word, message):
  with pytest.raises(ConfigError, match=message) as caught:
    _changed(word)
  assert "\n" not in str(caught.value)


def test_convolutions_need_filters():
  with pytest.raises(ConfigError, match="config.filters"):
    _changed("--config.network=conv", "--config.filters=()")


def test_only_the_perceptron_starts_at_the_mean():
  with pytest.raises(ConfigError, match="config.output_bias=data_mean.*mlp"):
    _changed("--config.network=conv", "--config.output_bias=data_mean")


def test_differences_name_keys_and_options():
  before = configuration.load("frey_face")
  after = _changed(
    "--config.likelihood.scale=0.5", "--config.epochs=3", config="frey_face"
  )
  assert configuration.differences(before, after) == ["epochs", "likelihood.scale"]
