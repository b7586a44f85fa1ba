"""Runs of models with a condition: labels of the data, or columns of a table."""

import json

import numpy as np
import pandas as pd
import pytest

import aevb_tf as aevb
from aevb_tf.training import build, conditions, configuration, evaluate_main, overrides
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.evaluate import evaluate
from aevb_tf.training.run_folder import RunFolder
from aevb_tf.training.train import train
from tests.training import runs

NAMES = ("cat", "dog", "hen")


def images(path, labels=NAMES, shape=(4, 3, 1), n=60):
  """Random images with labels in turn."""
  x = np.random.default_rng(0).random((n, *shape)).astype(np.float32)
  y = {} if labels is None else {"y": np.resize(np.asarray(labels), n)}
  np.savez(path / "data.npz", x=x, **y)
  return f"dataset={path / 'data.npz'}"


def config(dataset, *changes, epochs=1, condition="labels"):
  changes = ("batch_size=20", f"condition={condition}", *changes)
  return runs.config(dataset, "binarization=none", *changes, epochs=epochs)


def pictures(folder):
  return {path.stem for path in (folder / "plots").glob("*.png")}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
  """The folder of a run with pictures, its config, its summary, and its test split."""
  folder = tmp_path_factory.mktemp("labels")
  found = config(images(folder), "plots=true", "latent_dim=2")
  summary = train(found, folder / "run")
  return folder / "run", summary, build.dataset(found, "test")


def test_a_run_has_the_classes_of_its_data(run):
  folder, summary, test = run
  vae = aevb.load(folder / "model.keras")
  assert vae.condition.levels == NAMES
  assert {"samples", "reconstructions", "latent_scatter"} <= pictures(folder)
  manifolds = {name for name in pictures(folder) if "manifold" in name}
  assert manifolds == {"manifold_0", "manifold_1", "manifold_2"}
  # The bound is that of each example with its own label.
  labels = np.array(NAMES)[test.y]
  wanted = vae.evaluate(test.x, labels, batch_size=20, return_dict=True, verbose=0)
  assert summary["test"]["elbo"] == pytest.approx(wanted["elbo"], rel=1e-5)
  kl = vae.kl_per_dimension(test.x, condition=labels).numpy().mean(0)
  np.testing.assert_allclose(summary["test"]["kl_per_dimension"], kl, rtol=1e-4)
  report = evaluate(folder)
  assert report["elbo"] == summary["test"]["elbo"]
  assert report["condition"] == "labels"


def test_a_resumed_run_ends_with_the_same_weights(tmp_path):
  dataset = images(tmp_path)
  options = ("learning_rate_schedule=constant", "prior=conditional")
  train(config(dataset, *options, epochs=3), tmp_path / "whole")
  train(config(dataset, *options, epochs=1), tmp_path / "parts")
  train(config(dataset, *options, epochs=3), tmp_path / "parts")
  assert runs.same(runs.state(tmp_path / "whole"), runs.state(tmp_path / "parts"))
  with pytest.raises(ConfigError, match=r"differs in condition \(labels there,  now\)"):
    train(config(dataset, condition=""), tmp_path / "parts")


@pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")
@pytest.mark.parametrize("method", ["importance", "annealed"])
def test_the_evidence_is_that_of_each_label(run, capsys, method):
  folder, _, test = run
  argv = [f"--workdir={folder}", f"--evidence={method}", "--num_samples=4"]
  assert evaluate_main.main(["aevb-evaluate", *argv]) == 0
  assert "log p(x|c)" in capsys.readouterr().out
  written = json.loads((folder / "evaluation-test.json").read_text())
  vae = aevb.load(folder / "model.keras")
  labels = np.array(NAMES)[test.y]
  wanted = aevb.evidence.estimate(vae, test.x, method, 4, vae.seed, condition=labels)
  assert written["evidence"]["log_marginal"] == pytest.approx(wanted.mean, abs=2e-6)
  if method == "annealed":
    gap = aevb.evidence.bidirectional(
      vae, len(labels), aevb.evidence.Annealed(4), vae.seed, condition=labels
    ).gap
    assert written["evidence"]["gap"] == pytest.approx(gap, abs=2e-6)


def test_a_config_of_an_earlier_version_has_no_condition(tmp_path):
  values = configuration.to_json(config(images(tmp_path), condition=""))
  del values["condition"]
  (tmp_path / "config.json").write_text(json.dumps(values))
  loaded = configuration.from_json(tmp_path / "config.json")
  assert loaded.condition == ""
  assert build.model(loaded, build.dataset(loaded, "train")).condition is None


@pytest.mark.parametrize(
  "labels, levels",
  [
    ([0, 1, 2, 3], (0, 1, 2, 3)),
    (["0", "1", "2"], (0, 1, 2)),
    (["b", "a"], ("a", "b")),
    ([b"b", b"a"], ("a", "b")),
  ],
)
@pytest.mark.parametrize("in_memory", [True, False])
def test_classes_are_found_in_the_data(tmp_path, labels, levels, in_memory):
  found = config(images(tmp_path, labels))
  source = aevb.data.load(found.dataset, batch_size=20, in_memory=in_memory)
  vae = build.model(found, source)
  assert vae.condition.levels == levels
  build.check_data(found, vae, source)


def test_folders_of_images_name_their_classes(tmp_path):
  from PIL import Image

  for name in ("owl", "ant"):
    (tmp_path / name).mkdir()
    for i in range(12):
      Image.new("L", (3, 4), 10 * i).save(tmp_path / name / f"{i}.png")
  found = config(f"dataset={tmp_path}")
  for in_memory in (True, False):
    source = aevb.data.load(tmp_path, batch_size=20, in_memory=in_memory)
    assert build.model(found, source).condition.levels == ("ant", "owl")


@pytest.mark.parametrize(
  "labels, message",
  [
    (None, "has no labels"),
    ([-1, 0, 1], "{} of 54 examples of .* have no label"),
    ([1, 2, 3], r"the labels of .* are 1, 2, 3\. Number them 0, 1"),
    ([0], "two or more different classes"),
  ],
)
@pytest.mark.parametrize("in_memory", [True, False])
def test_labels_that_are_no_condition_are_refused(tmp_path, labels, message, in_memory):
  found = config(images(tmp_path, labels))
  source = aevb.data.load(found.dataset, batch_size=20, in_memory=in_memory)
  message = message.format(np.sum(source.y < 0))
  with pytest.raises(ConfigError, match=f"^--config.condition=labels.*{message}"):
    build.model(found, source)


def test_the_labels_of_every_split_are_checked(tmp_path):
  x = np.zeros((20, 2, 2, 1), np.float32)
  y = np.arange(20) % 2
  for test_y, message in (
    (y * 2, "has an example of class 2. The classes are 0, ..., 1"),
    (y - 1, "10 of 20 examples"),
  ):
    path = tmp_path / "data.npz"
    np.savez(path, x_train=x, y_train=y, x_test=x, y_test=test_y)
    with pytest.raises(ConfigError, match=f"^--config.condition=labels: .*{message}"):
      train(config(f"dataset={path}"), tmp_path / "run")
  assert not (tmp_path / "run").exists()


def test_a_run_keeps_its_classes(tmp_path):
  train(config(images(tmp_path)), tmp_path / "run")
  images(tmp_path, ("cat", "cow", "hen"))
  with pytest.raises(
    ConfigError, match="classes of .* are cat, cow, hen, and those of"
  ):
    train(config(f"dataset={tmp_path / 'data.npz'}", epochs=2), tmp_path / "run")


def test_a_stream_may_not_know_its_classes(tmp_path):
  found = config(images(tmp_path))
  x = np.zeros((8, 2, 2, 1), np.float32)
  stream = aevb.data.ArrayDataset(x, np.arange(8) % 2).to_tf_data().map(lambda *e: e)
  with pytest.raises(ConfigError, match="^--config.condition=labels: .* are not known"):
    build.model(found, stream)


@pytest.mark.parametrize(
  "changes, message",
  [
    (("condition=age,sex",), "is not a table, and has no columns"),
    (("condition=", "prior=conditional"), "--config.prior=conditional: p.z.c. needs"),
    (("prior=vamp", "bound.estimator=A"), "--config.condition=labels: .*pseudo-inputs"),
  ],
)
def test_what_does_not_fit_is_refused_by_its_flag(tmp_path, changes, message):
  with pytest.raises(ConfigError, match=message):
    train(config(images(tmp_path), *changes), tmp_path / "run")


# Tables.


def table(path, n=60):
  rng = np.random.default_rng(0)
  sex = rng.choice(["female", "male"], n)
  frame = pd.DataFrame(
    {
      "age": rng.normal(50, 10, n).round(1),
      "height": 165.0 + 12 * (sex == "male") + rng.normal(0, 5, n),
      "sex": sex,
      "visits": rng.poisson(np.exp(rng.normal(2, 0.7, n))),
    }
  )
  frame.loc[::7, "height"] = None
  frame.to_csv(path / "t.csv", index=False)
  return frame


def config_of_table(path, condition="sex, age", *argv):
  found = configuration.load("table")
  options = (f"dataset={path / 't.csv'}", "epochs=1", "hidden_units=8", *argv)
  changes = [f"condition={condition}", *options]
  overrides.apply(found, [f"--config.{change}" for change in changes])
  return found


@pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")
def test_columns_are_the_condition_of_the_others(tmp_path, capsys):
  frame = table(tmp_path)
  found = config_of_table(tmp_path)
  summary = train(found, tmp_path / "run")
  assert capsys.readouterr().err == ""
  vae = aevb.load(tmp_path / "run" / "model.keras")
  assert [c.name for c in vae.schema] == ["height", "visits"]
  assert [c.name for c in vae.condition.schema] == ["age", "sex"]
  whole = aevb.tables.Schema.load(tmp_path / "run" / "schema.json")
  assert {c.name for c in whole} == set(frame)
  assert {"marginals", "correlations"} <= pictures(tmp_path / "run")
  report = evaluate(tmp_path / "run", evidence="importance", num_samples=3)
  assert report["elbo"] == summary["test"]["elbo"]
  test = aevb.data.load(tmp_path / "t.csv", split="test", schema=whole, missing=True)
  rows = whole.to_frame(test.x)
  x, c = vae.schema.encode(rows), rows[["age", "sex"]]
  wanted = aevb.evidence.estimate(vae, x, "importance", 3, vae.seed, condition=c)
  assert report["evidence"]["log_marginal"] == pytest.approx(wanted.mean, rel=1e-5)
  # More epochs, and the schema of the run for another one.
  train(config_of_table(tmp_path, "sex, age", "epochs=2"), tmp_path / "run")
  again = config_of_table(tmp_path, "sex,age", f"schema={tmp_path / 'run/schema.json'}")
  assert train(again, tmp_path / "again")["test"]["elbo"] == pytest.approx(
    summary["test"]["elbo"], rel=1e-5
  )
  assert (
    RunFolder(tmp_path / "again").schema.read_text()
    == (tmp_path / "run" / "schema.json").read_text()
  )


@pytest.mark.parametrize(
  "condition, message",
  [
    ("sexx", "--config.condition=sexx: .*no column 'sexx'. Did you mean sex"),
    ("labels", "--config.condition=labels: .*no column 'labels'"),
    ("height", "column 'height': 9 of 60 values are missing: fill them in, or model"),
    ("age,height,sex,visits", "none left to model"),
  ],
)
def test_columns_that_are_no_condition_are_refused(tmp_path, condition, message):
  table(tmp_path)
  with pytest.raises(ConfigError, match=message):
    train(config_of_table(tmp_path, condition), tmp_path / "run")


def test_names_with_commas_are_in_quotes(tmp_path):
  frame = table(tmp_path).rename(columns={"age": "age, years"})
  frame.to_csv(tmp_path / "t.csv", index=False)
  train(config_of_table(tmp_path, '"age, years", sex'), tmp_path / "run")
  vae = aevb.load(tmp_path / "run" / "model.keras")
  assert [c.name for c in vae.condition.schema] == ["age, years", "sex"]


def test_another_condition_of_the_table_is_found(tmp_path):
  frame = table(tmp_path)
  train(config_of_table(tmp_path, "sex"), tmp_path / "run")
  frame["sex"] = frame["sex"].replace("male", "m")
  frame.to_csv(tmp_path / "t.csv", index=False)
  with pytest.raises(ConfigError, match="another schema than the table that the run"):
    train(config_of_table(tmp_path, "sex", "epochs=2"), tmp_path / "run")


def test_data_without_a_condition_have_no_columns():
  assert conditions.columns(configuration.load("test")) == ()
