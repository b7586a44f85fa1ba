"""A run on a table: its schema, its pictures, and its errors."""

import json

import numpy as np
import pandas as pd
import pytest

import aevb_tf as aevb
from aevb_tf.training import build, configuration, overrides
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.evaluate import evaluate
from aevb_tf.training.train import train


def write_table(path, n=60):
  rng = np.random.default_rng(0)
  frame = pd.DataFrame(
    {
      "height": rng.normal(170, 10, n),
      "pet": rng.choice(["cat", "dog", "hen"], n),
      "visits": rng.poisson(np.exp(rng.normal(2, 0.7, n))),
    }
  )
  frame.mask(rng.random(frame.shape) < 0.1).to_csv(path, index=False)
  return str(path)


def config(path, *argv, hidden_units="8"):
  found = configuration.load("table")
  options = [f"--config.hidden_units={hidden_units}", f"--config.dataset={path}"]
  overrides.apply(found, ["--config.epochs=1", *options, *argv])
  return found


def test_a_run_has_its_schema_and_pictures(tmp_path):
  path, run = write_table(tmp_path / "t.csv"), tmp_path / "run"
  summary = train(config(path), run)
  schema = aevb.tables.Schema.infer(path)
  assert aevb.tables.Schema.load(run / "schema.json") == schema
  vae = aevb.load(run / "model.keras")
  assert vae.schema == schema and vae.missing.encode_mask
  assert isinstance(vae.encoder, aevb.networks.TableEncoder)
  pictures = {picture.stem for picture in (run / "plots").glob("*.png")}
  assert {"marginals", "correlations", "learning_curves"} <= pictures
  assert evaluate(run)["elbo"] == summary["test"]["elbo"]


def test_a_run_prints_what_the_columns_are(tmp_path, capsys):
  path, run = write_table(tmp_path / "t.csv"), tmp_path / "run"
  frame = pd.read_csv(path)
  frame["age"] = np.arange(len(frame)) // 3 + 20.5
  frame.to_csv(path, index=False)
  given = config(path, "--config.plots=false", "--config.condition=age")
  train(given, run)
  printed = capsys.readouterr().out
  assert f"\n\n{aevb.tables.Schema.load(run / 'schema.json')}\n\n" in printed
  assert "The other columns are modelled given the condition, age.\n" in printed
  assert (
    f"edit a copy of {run / 'schema.json'}, and pass it as --config.schema=FILE"
    in (printed)
  )
  train(
    config(path, "--config.plots=false", "--config.condition=age", "--config.epochs=2"),
    run,
  )
  assert "modelled given" not in capsys.readouterr().out  # resumed


def test_a_table_that_has_changed_is_found(tmp_path):
  path, run = write_table(tmp_path / "t.csv"), tmp_path / "run"
  train(config(path, "--config.plots=false"), run)
  frame = pd.read_csv(path)
  frame.loc[0, "height"] = 1000.0
  frame.to_csv(path, index=False)
  with pytest.raises(ConfigError, match="another schema than the table that the run"):
    train(config(path, "--config.plots=false", "--config.epochs=2"), run)


def test_a_schema_can_be_given(tmp_path):
  path = write_table(tmp_path / "t.csv")
  schema = aevb.tables.Schema.infer(path, {"visits": "real"})
  schema.save(tmp_path / "schema.json")
  given = config(path, f"--config.schema={tmp_path / 'schema.json'}")
  assert build.dataset(given, "train").schema == schema
  absent = config(path, "--config.schema=absent.json")
  with pytest.raises(ConfigError, match="--config.schema=absent.json.*no file"):
    build.dataset(absent, "train")


def test_options_reach_the_networks(tmp_path):
  path = write_table(tmp_path / "t.csv")
  found = config(path, "--config.likelihood=gaussian", hidden_units="7,5")
  vae = build.model(found, build.dataset(found, "train"))
  assert vae.encoder.hidden_units == (7, 5) and vae.decoder.hidden_units == (5, 7)
  assert "Gaussian" in json.dumps(vae.get_config()["decoder"])
  visits = vae.schema["visits"].scale
  p = vae.decode(np.zeros((1, vae.latent_dim), np.float32))
  assert p.mean().numpy()[0, 2] == pytest.approx(visits, rel=1e-4)


def test_a_table_is_needed():
  found = configuration.load("table")
  x = np.zeros((20, 3), np.float32)
  with pytest.raises(ConfigError, match="--config.network=table: .* is not a table"):
    build.model(found, aevb.data.ArrayDataset(x))
