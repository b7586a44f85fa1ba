"""A config becomes the parts that it names."""

import re
import warnings

import keras
import numpy as np
import pytest

import aevb_tf as aevb
from aevb_tf.training import build, configuration, overrides, parts
from aevb_tf.training.blaming import blaming
from aevb_tf.training.configuration import ConfigError


def _config(*argv, config="test"):
  config = configuration.load(config)
  overrides.apply(config, list(argv))
  return config


def _data(shape=(8, 6, 1), n=20):
  x = np.linspace(0, 1, n * np.prod(shape), dtype=np.float32).reshape(n, *shape)
  return aevb.data.ArrayDataset(x, np.arange(n) % 2, batch_size=10)


def _table(n=20):
  x = np.linspace(0, 1, n)
  return aevb.data.table({"x": x, "level": np.arange(n) % 3}, missing=True)


@pytest.mark.parametrize("name", configuration.installed())
def test_every_installed_config_makes_a_model(name):
  config = configuration.load(name)
  build.check(config)
  data = _table() if config.network == "table" else _data()
  vae = build.model(config, data)
  assert vae.latent_dim == config.latent_dim
  assert vae.event_shape == data.event_shape
  assert (vae.missing is not None) == config.missing
  assert type(vae.optimizer).__name__.lower() == config.optimizer.name
  first = vae.encoder.hidden[0] if config.network == "mlp" else None
  if first is not None:
    assert first.units == config.hidden_units[0]
    assert first.activation is keras.activations.get(config.activation)


def test_options_reach_their_parts():
  config = _config(
    "--config.likelihood=gaussian",
    "--config.likelihood.unit_mean=true",
    "--config.bound.num_samples=3",
    "--config.bound.estimator=A",
    "--config.optimizer=sgd",
    "--config.optimizer.momentum=0.5",
    "--config.learning_rate=0.25",
    "--config.scale_to_dataset=true",
    "--config.parameter_prior_stddev=2",
  )
  vae = build.model(config, _data())
  assert isinstance(vae.likelihood_family, aevb.likelihoods.Gaussian)
  assert vae.likelihood_family.unit_mean is True
  assert (vae.bound.estimator, vae.bound.num_samples) == ("A", 3)
  assert vae.optimizer.momentum == 0.5
  assert float(vae.optimizer.learning_rate) == 0.25
  assert (vae.dataset_size, vae.parameter_prior_stddev) == (20, 2.0)


def test_the_decoder_mirrors_the_encoder():
  vae = build.model(_config("--config.hidden_units=7,5"), _data())
  assert [layer.units for layer in vae.encoder.hidden] == [7, 5]
  assert [layer.units for layer in vae.decoder.hidden] == [5, 7]
  vae = build.model(_config("--config.network=conv", "--config.filters=3,4"), _data())
  assert vae.encoder.filters == (3, 4)
  assert vae.decoder.filters == (4, 3)


def test_equal_seeds_make_equal_weights():
  first, same, other = (
    build.model(_config(f"--config.seed={seed}"), _data()).get_weights()
    for seed in (1, 1, 2)
  )
  assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
  assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_paper_initialisation_has_its_scale():
  config = configuration.load("mnist_paper")
  kernel = build.model(config, _data((28, 28, 1))).encoder.hidden[0].kernel.numpy()
  # 392,000 draws: the standard error of the deviation is 1.1e-4, five of them 5.6e-4.
  assert abs(kernel.std() - 0.1) < 5.6e-4


def test_mixed_precision_is_only_for_the_model():
  before = keras.config.dtype_policy()
  vae = build.model(_config("--config.dtype_policy=mixed_bfloat16"), _data())
  assert vae.encoder.hidden[0].compute_dtype == "bfloat16"
  assert keras.config.dtype_policy() is before


def test_cosine_schedule_ends_with_the_run():
  config = _config("--config.learning_rate_schedule=cosine", "--config.epochs=4")
  schedule = parts.learning_rate(config, steps_per_epoch=5)
  assert float(schedule(0)) == pytest.approx(config.learning_rate, rel=1e-6)
  assert float(schedule(10)) == pytest.approx(config.learning_rate / 2, rel=1e-6)
  assert float(schedule(20)) == 0.0


@pytest.mark.parametrize(
  ("words", "message"),
  [
    ("likelihood=gausian", "config.likelihood=gausian: .*Did you mean gaussian"),
    (
      "likelihood.unit_men=1",
      "config.likelihood.unit_men: Bernoulli has no such option",
    ),
    ("likelihood=gaussian likelihood.unit_men=1", "Did you mean unit_mean"),
    (
      "likelihood=gaussian likelihood.scale=foo",
      "^--config.likelihood.scale=foo: .*per_pixel",
    ),
    ("posterior=gausian", "config.posterior=gausian"),
    ("prior=normal", "config.prior=normal.*Did you mean standard_normal"),
    ("bound=sgbv", "config.bound=sgbv.*Did you mean sgvb"),
    ("bound.estimator=C", "^--config.bound.estimator=C: use 'A' or 'B'"),
    ("bound.num_samples=0", "^--config.bound.num_samples=0 must be"),
    ("activation=tahn", "config.activation=tahn: .*Did you mean tanh"),
    ("kernel_initializer=glorot", "Did you mean glorot_normal"),
    ("kernel_initializer.gain=2", "config.kernel_initializer.gain"),
    ("bias_initializer=zero", "config.bias_initializer=zero: .*Did you mean zeros"),
    ("optimizer=adm", "config.optimizer=adm: .*Did you mean adam"),
    ("optimizer.beta1=0.5", "config.optimizer.beta1: .*Did you mean beta_1"),
    ("optimizer.learning_rate=1", "set --config.learning_rate instead"),
    ("epochs=-1", "^--config.epochs=-1"),
    (
      "posterior=iaf posterior.num_steps=0",
      "^--config.posterior.num_steps=0, --config.posterior.hidden_units=64, ",
    ),
    (
      "bound.free_bits=1 bound.estimator=A",
      "^--config.bound.free_bits=1 with --c.*=A:",
    ),
    (
      "kernel_initializer=random_normal kernel_initializer.stddev=x",
      "^--config.kernel_initializer=random_normal --config.kernel_initializer.stddev=x",
    ),
    (
      "optimizer.clipnorm=1.0 optimizer.clipvalue=2.0",
      "--config.optimizer.clipvalue=2",
    ),
  ],
)
def test_invalid_values_are_reported_in_one_line(words, message):
  with pytest.raises(ConfigError, match=message) as caught:
    build.check(_config(*(f"--config.{word}" for word in words.split())))
  assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
  "words, message",
  [
    ("posterior=iaf", "--config.posterior=iaf: .* Use --config.bound.estimator=A."),
    ("prior=vamp", "--config.prior=vamp: .* Use --config.bound.estimator=A."),
    ("posterior=gamma", "--config.posterior=gamma: .* as --config.prior=gamma."),
    (
      "bound.free_bits=0.5 posterior=full_gaussian",
      "--config.bound.free_bits=0.5 --config.posterior=full_gaussian: free_bits .*",
    ),
    (
      "latent_dim=1 posterior=real_nvp bound.estimator=A",
      "--config.posterior=real_nvp: .* --config.posterior=iaf or .*=gaussian.",
    ),
    (
      "likelihood=categorical output_bias=data_mean",
      "--config.output_bias=data_mean --config.likelihood=categorical: A Cat.*",
    ),
  ],
)
def test_parts_that_do_not_fit_are_named_by_their_flags(words, message):
  config = _config(*(f"--config.{word}" for word in words.split()))
  build.check(config)
  with pytest.raises(ConfigError) as caught:
    build.model(config, _data())
  assert re.fullmatch(message, str(caught.value)), caught.value


def test_advice_about_an_object_names_its_flags():
  """A bound that is another one is replaced, and one that is not gets the option."""
  for name, flags in (
    ("sgvb", "--config.bound.estimator=A"),
    ("ciwae", "--config.bound=sgvb --config.bound.estimator=A"),
  ):
    with pytest.raises(ConfigError, match=f": use {flags}$"):
      with blaming(_config(f"--config.bound={name}"), "bound"):
        raise ValueError("use bound=SGVB(estimator='A')")


def test_a_warning_names_the_flags():
  with pytest.warns(UserWarning, match="^Use --config.likelihood=gaussian, x=1.$"):
    with blaming(_config(), "dataset"):
      warnings.warn("Use likelihood='gaussian', x=1.", stacklevel=1)


def test_an_unknown_data_set_is_reported_in_one_line():
  with pytest.raises(ConfigError, match="^--config.dataset=digit: ") as caught:
    build.dataset(_config("--config.dataset=digit"), "train")
  assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
  "name, options",
  [
    ("bernoulli", {}),
    ("gaussian", {}),
    ("gaussian", {"unit_mean": "true", "scale": "0.5"}),
  ],
)
def test_the_first_output_is_the_mean_of_the_data(name, options):
  options = [f"--config.likelihood.{key}={value}" for key, value in options.items()]
  config = _config("--config.output_bias=data_mean", f"--config.likelihood={name}")
  overrides.apply(config, options)
  vae = build.model(config, _data())
  # At z = 0 every hidden unit is at its bias, zero: what is left is the head's.
  found = vae.decode(np.zeros((1, config.latent_dim))).mean()[0]
  np.testing.assert_allclose(found, _data().mean(), rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize(
  "changes, message",
  [
    (("--config.likelihood=categorical",), "Categorical likelihood cannot start"),
    ((), "do not fit into memory"),
  ],
)
def test_what_cannot_start_at_the_mean_says_why(changes, message):
  config = _config("--config.output_bias=data_mean", *changes)
  source = _data() if changes else _data().to_tf_data()
  with pytest.raises(ConfigError, match=f"config.output_bias.*{message}"):
    build.model(config, source)


@pytest.mark.parametrize("choice, compiled", [("on", True), ("off", False)])
def test_xla_is_a_choice(choice, compiled):
  vae = build.model(_config(f"--config.jit_compile={choice}"), _data())
  assert vae.jit_compile is compiled
