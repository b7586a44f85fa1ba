"""`aevb-apply`: every task agrees with the function that it calls, and writes files."""

import csv
import inspect
import json
import shutil

import numpy as np
import PIL.Image
import pytest

import aevb_tf as aevb
from aevb_tf import tasks
from aevb_tf.apply import answers, main
from aevb_tf.apply.tasks import OPTIONS, TASKS
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.train import train
from tests.training import runs, test_conditions, test_tables


@pytest.fixture(scope="module")
def images(tmp_path_factory):
  """Images `[60, 4, 3, 1]`, the same for each call."""
  return np.random.default_rng(1).random((60, 4, 3, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def run(tmp_path_factory, images):
  """The folder of a run of images, and its model."""
  folder = tmp_path_factory.mktemp("apply")
  np.save(folder / "x.npy", images)
  changes = ("batch_size=20", "binarization=none", "likelihood=gaussian")
  train(runs.config(f"dataset={folder / 'x.npy'}", *changes, epochs=1), folder / "run")
  return folder / "run", aevb.load(folder / "run" / "model.keras")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
  """The folder of a run of a table with missing values, its model, and the table."""
  folder = tmp_path_factory.mktemp("apply_table")
  path = test_tables.write_table(folder / "t.csv")
  train(test_tables.config(path, "--config.plots=false"), folder / "run")
  return folder / "run", aevb.load(folder / "run" / "model.keras"), path


@pytest.fixture(scope="module")
def incomplete(tmp_path_factory, images):
  """The folder of a run of binarized images with missing pixels."""
  folder = tmp_path_factory.mktemp("apply_missing")
  x = np.where(np.random.default_rng(5).random(images.shape) < 0.1, np.nan, images)
  np.save(folder / "x.npy", np.float32(x))
  changes = ("batch_size=20", "binarization=none", "missing=true")
  train(runs.config(f"dataset={folder / 'x.npy'}", *changes, epochs=1), folder / "run")
  return folder / "run", folder / "x.npy"


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
  """The folder of a run with a class as condition, its model, and its data."""
  folder = tmp_path_factory.mktemp("apply_classes")
  dataset = test_conditions.images(folder)
  train(test_conditions.config(dataset), folder / "run")
  return folder / "run", aevb.load(folder / "run" / "model.keras"), folder / "data.npz"


def apply(folder, to, task, *argv):
  """Runs the command; returns the rows of its table."""
  words = ["aevb-apply", task, f"--workdir={folder}", f"--to={to}"]
  assert main.main([*words, *map(str, argv)]) == 0
  if not (to / "results.csv").exists():
    return None
  with open(to / "results.csv", encoding="utf-8", newline="") as file:
    return list(csv.DictReader(file))


def column(rows, name):
  return np.array([float(row[name]) for row in rows], np.float32)


def test_every_task_has_its_function_and_its_options():
  used = set()
  for name, task in TASKS.items():
    _, *options = inspect.signature(getattr(answers, name)).parameters
    assert tuple(options) == task.options, name
    used |= set(options)
  assert used == set(OPTIONS)


def test_embed(run, images, tmp_path):
  folder, vae = run
  np.save(tmp_path / "new.npy", images[:7])
  to = tmp_path / "to"
  rows = apply(folder, to, "embed", f"--input={tmp_path / 'new.npy'}")
  expected = tasks.embed(vae, images[:7])
  np.testing.assert_array_equal(np.load(to / "z.npy"), expected)
  for j in range(vae.latent_dim):
    np.testing.assert_array_equal(column(rows, f"z{j}"), expected[:, j])
  assert [row["example"] for row in rows] == list(map(str, range(7)))
  about = json.loads((to / "task.json").read_text())
  assert about["task"] == "embed" and about["num_examples"] == 7
  assert (to / "picture.png").exists()


def test_without_an_input_it_is_the_test_split(run, tmp_path):
  folder, vae = run
  rows = apply(folder, tmp_path / "to", "embed")
  test = aevb.data.load(folder.parent / "x.npy", "test")
  expected = tasks.embed(vae, test.x)
  np.testing.assert_array_equal(np.load(tmp_path / "to" / "z.npy"), expected)
  assert len(rows) == test.num_examples


def test_reconstructions_of_a_folder_are_images_of_the_same_names(run, tmp_path):
  folder, vae = run
  levels = np.random.default_rng(2).integers(0, 256, (3, 4, 3), np.uint8)
  names = ["b.png", "sub.png", "z.png"]
  (tmp_path / "in").mkdir()
  for image, name in zip(levels, names, strict=True):
    PIL.Image.fromarray(image).save(tmp_path / "in" / name)
  to = tmp_path / "to"
  rows = apply(folder, to, "reconstruct", f"--input={tmp_path / 'in'}")
  assert [row["example"] for row in rows] == names
  x = np.float32(levels[..., np.newaxis]) / np.float32(255)
  expected = np.round(np.clip(vae.reconstruct(x), 0, 1) * 255)
  for name, image in zip(names, expected, strict=True):
    found = np.asarray(PIL.Image.open(to / "reconstructions" / name))
    np.testing.assert_allclose(found, image[..., 0], atol=1)
  np.testing.assert_allclose(column(rows, "elbo"), vae.elbo(x, seed=0), rtol=1e-4)


def test_cluster_and_nearest(run, images, tmp_path):
  folder, vae = run
  test = aevb.data.load(folder.parent / "x.npy", "test").x
  rows = apply(folder, tmp_path / "c", "cluster", "--num_clusters=3")
  expected, centers = tasks.cluster(vae, test, 3, seed=0)
  np.testing.assert_array_equal(column(rows, "cluster"), expected)
  np.testing.assert_array_equal(np.load(tmp_path / "c" / "centers.npy"), centers)
  rows = apply(folder, tmp_path / "n", "nearest", "--num_neighbors=2")
  known = aevb.data.load(folder.parent / "x.npy", "train", shuffle=False).x
  indices, distances = tasks.nearest(vae, test, known, 2)
  order = aevb.data.load(folder.parent / "x.npy", "train", shuffle=False).rows
  np.testing.assert_array_equal(column(rows, "train_2"), order[indices[:, 1]])
  np.testing.assert_array_equal(column(rows, "distance_1"), distances[:, 0])


def test_between_and_around_examples(run, tmp_path):
  folder, vae = run
  z = tasks.embed(vae, aevb.data.load(folder.parent / "x.npy", "test").x)
  options = ("--start=1", "--end=3", "--steps=4", "--path=spherical")
  apply(folder, tmp_path / "i", "interpolate", *options)
  expected = tasks.interpolate(vae, z[1], z[3], 4, "spherical")
  found = np.load(tmp_path / "i" / "interpolation.npy")
  np.testing.assert_allclose(found, expected, rtol=1e-5)
  apply(folder, tmp_path / "t", "traverse", "--start=2")
  found = np.load(tmp_path / "t" / "traversals.npy")
  np.testing.assert_allclose(found, tasks.traverse(vae, z[2]), rtol=1e-5)


def test_anomalies_keep_their_detector(run, images, tmp_path, capsys):
  folder, vae = run
  folder = shutil.copytree(folder, tmp_path / "run")
  np.save(tmp_path / "new.npy", 1 - images[:9])
  argv = (f"--input={tmp_path / 'new.npy'}", "--false_alarm_rate=0.2")
  rows = apply(folder, tmp_path / "a", "anomalies", *argv)
  assert "kept in" in capsys.readouterr().out
  path = folder.parent / "x.npy"
  known = aevb.data.load(run[0].parent / path.name, "train", shuffle=False).x
  test = aevb.data.load(run[0].parent / path.name, "test").x
  detector = tasks.AnomalyDetector(vae).fit(known).fit_threshold(test, 0.2)
  x = 1 - images[:9]
  np.testing.assert_array_equal(column(rows, "score"), detector.scores(x))
  np.testing.assert_array_equal(column(rows, "p_value"), detector.p_values(x))
  assert [row["is_anomaly"] for row in rows] == [str(v) for v in detector.predict(x)]
  before = (folder / "detector.keras").read_bytes()
  again = apply(folder, tmp_path / "b", "anomalies", *argv)
  assert again == rows and (folder / "detector.keras").read_bytes() == before
  apply(folder, tmp_path / "c", "anomalies", argv[0], "--false_alarm_rate=0.5")
  assert aevb.load(folder / "detector.keras").false_alarm_rate == 0.5


def test_a_detector_of_another_model_is_not_used(run, tmp_path, capsys):
  folder = shutil.copytree(run[0], tmp_path / "run")
  argv = ("--score=reconstruction", "--false_alarm_rate=0.3")
  apply(folder, tmp_path / "a", "anomalies", *argv)
  assert np.load(tmp_path / "a" / "maps.npy").shape[1:] == (4, 3, 1)
  vae = aevb.load(folder / "model.keras")
  vae.trainable_variables[0].assign(vae.trainable_variables[0] * 3.0)
  vae.save(folder / "model.keras")
  capsys.readouterr()
  apply(folder, tmp_path / "b", "anomalies", *argv)
  assert "is kept in" in capsys.readouterr().out


def test_missing_cells_of_a_table_are_filled_in(table, tmp_path):
  folder, vae, path = table
  to = tmp_path / "to"
  rows = apply(folder, to, "impute", f"--input={path}")
  with open(path, encoding="utf-8", newline="") as file:
    before = list(csv.DictReader(file))
  with open(to / "imputed.csv", encoding="utf-8", newline="") as file:
    after = list(csv.DictReader(file))
  assert [int(row["num_missing"]) for row in rows] == [
    sum(not value for value in row.values()) for row in before
  ]
  expected = vae.schema.decode(
    vae.impute(vae.schema.encode(path), method="importance", seed=0)
  )
  for i, (old, new) in enumerate(zip(before, after, strict=True)):
    assert new["pet"] == expected["pet"][i]
    for name in old:
      assert new[name]
      if old[name] and name != "pet":
        assert float(new[name]) == pytest.approx(float(old[name]), rel=1e-5)


def test_draws_of_images_with_gaps(run, images, tmp_path):
  x = images[:5].copy()
  x[:, 1] = np.nan
  np.save(tmp_path / "gaps.npy", x)
  to = tmp_path / "to"
  options = (
    f"--input={tmp_path / 'gaps.npy'}",
    "--num_imputations=2",
    "--method=gibbs",
  )
  apply(run[0], to, "impute", *options)
  draws = run[1].impute(x, 2, "gibbs", seed=0)
  for i in range(2):
    np.testing.assert_array_equal(np.load(to / f"imputed_{i}.npy"), draws[i])


def test_restoration(run, images, tmp_path):
  folder, vae = run
  noisy = images[:4] + np.random.default_rng(0).normal(0, 0.5, (4, 4, 3, 1))
  np.save(tmp_path / "noisy.npy", np.float32(noisy))
  to = tmp_path / "d"
  argv = (f"--input={tmp_path / 'noisy.npy'}", "--scale=0.5")
  rows = apply(folder, to, "denoise", *argv)
  noise = {"name": "gaussian", "scale": 0.5}
  expected = tasks.denoise(vae, np.float32(noisy), noise, seed=0)
  np.testing.assert_array_equal(np.load(to / "restored.npy"), expected.mean)
  np.testing.assert_array_equal(np.load(to / "stddev.npy"), expected.stddev)
  np.testing.assert_array_equal(
    column(rows, "effective_sample_size"), expected.effective_sample_size
  )
  observed = np.ones((4, 3), np.uint8)
  observed[2] = 0
  PIL.Image.fromarray(observed * 255).save(tmp_path / "mask.png")
  np.save(tmp_path / "x.npy", images[:4])
  to = tmp_path / "i"
  argv = (f"--input={tmp_path / 'x.npy'}", f"--observed={tmp_path / 'mask.png'}")
  apply(folder, to, "inpaint", *argv)
  mask = np.broadcast_to(observed[..., np.newaxis] == 1, images[:4].shape)
  expected = tasks.inpaint(vae, images[:4], mask, seed=0)
  np.testing.assert_array_equal(np.load(to / "restored.npy"), expected.mean)


def test_small_images_are_enlarged(tmp_path):
  x = np.random.default_rng(0).random((60, 4, 4, 1)).astype(np.float32)
  np.save(tmp_path / "x.npy", x)
  changes = ("batch_size=20", "binarization=none", "likelihood=gaussian")
  dataset = f"dataset={tmp_path / 'x.npy'}"
  train(runs.config(dataset, *changes, epochs=1), tmp_path / "run")
  small = x[:3].reshape(3, 2, 2, 2, 2, 1).mean(axis=(2, 4))
  np.save(tmp_path / "small.npy", small)
  argv = (f"--input={tmp_path / 'small.npy'}", "--factor=2", "--scale=0.05")
  apply(tmp_path / "run", tmp_path / "to", "super_resolve", *argv)
  vae = aevb.load(tmp_path / "run" / "model.keras")
  expected = tasks.super_resolve(vae, small, 2, 0.05, seed=0)
  found = np.load(tmp_path / "to" / "restored.npy")
  np.testing.assert_array_equal(found, expected.mean)


@pytest.mark.parametrize(
  ("task", "options"),
  [
    ("anomalies", ["--false_alarm_rate=0.2"]),
    ("embed", []),
    ("reconstruct", []),
    ("nearest", []),
  ],
)
def test_tables_with_missing_values(table, task, options, tmp_path):
  rows = apply(table[0], tmp_path / "to", task, f"--input={table[2]}", *options)
  assert len(rows) == 60
  if task == "reconstruct":
    assert (tmp_path / "to" / "reconstructions.csv").exists()


@pytest.mark.parametrize(
  ("task", "options"), [("anomalies", ["--false_alarm_rate=0.2"]), ("nearest", [])]
)
def test_images_with_missing_pixels_are_drawn(incomplete, task, options, tmp_path):
  folder, path = incomplete
  rows = apply(folder, tmp_path / "to", task, f"--input={path}", *options)
  assert len(rows) == 60
  assert (tmp_path / "to" / "picture.png").exists()


def test_a_picture_that_fails_does_not_lose_the_answer(
  run, tmp_path, monkeypatch, capsys
):
  def fail(*args, **options):
    raise RuntimeError("no\nink")

  monkeypatch.setattr(answers.plots, "latent_scatter", fail)
  assert apply(run[0], tmp_path / "to", "embed")
  assert "There is no picture: RuntimeError: no ink\n" in capsys.readouterr().err


def test_rows_are_those_of_the_file(run, images, tmp_path):
  """The test split is a random tenth: its examples are named by their rows."""
  rows = apply(run[0], tmp_path / "to", "nearest", "--num_neighbors=1")
  z = tasks.embed(run[1], images)
  for row in rows:
    distance = np.linalg.norm(z[int(row["example"])] - z[int(row["train_1"])])
    assert float(row["distance_1"]) == pytest.approx(distance, rel=1e-4)


def test_a_binarized_run_restores_what_it_gets(tmp_path, images):
  np.save(tmp_path / "x.npy", images)
  changes = ("batch_size=20", "binarization=stochastic")
  dataset = f"dataset={tmp_path / 'x.npy'}"
  train(runs.config(dataset, *changes, epochs=1), tmp_path / "run")
  bits = np.float32(images[:3] > 0.5)
  bits[:, 0] = np.nan
  np.save(tmp_path / "bits.npy", bits)
  argv = f"--input={tmp_path / 'bits.npy'}"
  apply(tmp_path / "run", tmp_path / "i", "impute", argv)
  imputed = np.load(tmp_path / "i" / "imputed.npy")
  np.testing.assert_array_equal(imputed[:, 1:], bits[:, 1:])
  apply(tmp_path / "run", tmp_path / "d", "denoise", argv, "--noise=bit_flips")


def test_images_of_one_stem_keep_their_suffix(run, tmp_path):
  (tmp_path / "in").mkdir()
  for i, name in enumerate(("cat.jpg", "cat.png")):
    image = np.full((4, 3), 40 * i, np.uint8)
    PIL.Image.fromarray(image).save(tmp_path / "in" / name)
  apply(run[0], tmp_path / "to", "reconstruct", f"--input={tmp_path / 'in'}")
  found = sorted(p.name for p in (tmp_path / "to" / "reconstructions").iterdir())
  assert found == ["cat.jpg.png", "cat.png.png"]


def test_examples_without_a_class_are_classified(classes, tmp_path):
  folder, vae, path = classes
  x = np.load(path)["x"][:6]
  expected = np.asarray(vae.classify(x, seed=0))
  np.save(tmp_path / "x.npy", x)
  rows = apply(folder, tmp_path / "a", "classify", f"--input={tmp_path / 'x.npy'}")
  np.testing.assert_allclose(column(rows, "p(dog)"), expected[:, 1], rtol=1e-5)
  # Two of three classes, of which the numbers in the file are others.
  np.savez(tmp_path / "two.npz", x=x, y=np.resize(["hen", "dog"], 6))
  argv = f"--input={tmp_path / 'two.npz'}"
  apply(folder, tmp_path / "b", "embed", argv)
  names = ["hen", "dog"] * 3
  found = np.load(tmp_path / "b" / "z.npy")
  np.testing.assert_array_equal(found, tasks.embed(vae, x, names))
  np.savez(tmp_path / "cow.npz", x=x, y=np.resize(["cow", "dog"], 6))
  argv = f"--input={tmp_path / 'cow.npz'}"
  with pytest.raises(
    ConfigError, match="the model has no class 'cow'; it has cat, dog"
  ):
    apply(folder, tmp_path / "c", "embed", argv)
  apply(folder, tmp_path / "c", "classify", argv)


def test_a_model_of_classes(classes, tmp_path):
  folder, vae, path = classes
  rows = apply(folder, tmp_path / "c", "classify", f"--input={path}")
  expected = vae.classify(np.load(path)["x"], seed=0)
  for i, level in enumerate(vae.condition.levels):
    np.testing.assert_allclose(column(rows, f"p({level})"), expected[:, i], rtol=1e-5)
  assert {row["class"] for row in rows} <= set(vae.condition.levels)
  apply(folder, tmp_path / "e", "embed", f"--input={path}")
  found = np.load(tmp_path / "e" / "z.npy")
  expected = tasks.embed(vae, np.load(path)["x"], np.load(path)["y"].tolist())
  np.testing.assert_array_equal(found, expected)
  for task in ("interpolate", "nearest", "traverse"):
    apply(folder, tmp_path / task, task, f"--input={path}")
  apply(folder, tmp_path / "a", "anomalies", "--false_alarm_rate=0.5")


@pytest.mark.parametrize(
  ("argv", "message"),
  [
    ((), "TASK is missing: type aevb-apply TASK ..., one of anomalies, "),
    (("embd",), "embd: unknown task. Did you mean embed?"),
    (("embed", "cluster"), "cluster: not a flag; there is one task in a command, "),
    (("embed",), "--workdir is missing. Type: "),
    (
      ("embed", "--workdir=RUN", "--to=TO", "--num_clusters=3"),
      "--num_clusters: embed does not have this option. It has no options.",
    ),
    (
      ("embed", "--workdir=RUN", "--to=TO", "--input=no.npy"),
      "--input=no.npy: There is no file",
    ),
    (
      ("embed", "--workdir=RUN", "--to=TO", "--split=tset"),
      "--split=tset: ",
    ),
    (
      ("interpolate", "--workdir=RUN", "--to=TO", "--end=99"),
      "interpolate: --end=99: the examples are 0, ..., 5.",
    ),
    (("classify", "--workdir=RUN", "--to=TO"), "classify: the model has no class"),
    (
      ("nearest", "--workdir=RUN", "--to=TO", "--num_neighbors=0"),
      "nearest: --num_neighbors=0 must be a positive integer.",
    ),
    (
      ("interpolate", "--workdir=RUN", "--to=TO", "--path=round"),
      "interpolate: --path='round' must be one of 'linear', 'spherical'.",
    ),
    (
      ("inpaint", "--workdir=RUN", "--to=TO", "--observed=no.png"),
      "--observed=no.png: no.png cannot be read as a mask",
    ),
    (
      ("denoise", "--workdir=RUN", "--to=TO", "--noise=gausian"),
      "denoise: Unknown noise 'gausian'. Did you mean gaussian?",
    ),
    (
      ("super_resolve", "--workdir=RUN", "--to=TO", "--factor=3"),
      "super_resolve: factor=3 does not divide images of 4 by 3 pixels.",
    ),
    (
      ("anomalies", "--workdir=RUN", "--to=TO", "--score=nearst"),
      "anomalies: Unknown score 'nearst'. Did you mean nearest or nearest_features?",
    ),
    (
      ("anomalies", "--workdir=RUN", "--to=TO", "--false_alarm_rate=0.001"),
      "anomalies: false_alarm_rate=0.001 needs at least 999 normal examples",
    ),
  ],
)
def test_mistakes_are_one_line_and_write_nothing(run, argv, message, tmp_path):
  to = tmp_path / "to"
  places = {"RUN": str(run[0]), "TO": str(to)}
  for name, place in places.items():
    argv = [word.replace(name, place) for word in argv]
  with pytest.raises(ConfigError) as caught:
    main.main(["aevb-apply", *argv])
  assert str(caught.value).startswith(message)
  assert "\n" not in str(caught.value)
  assert list(tmp_path.iterdir()) == []


def test_the_wrong_shape_names_the_input(run, tmp_path):
  np.save(tmp_path / "other.npy", np.zeros((3, 5, 5, 1), np.float32))
  with pytest.raises(ConfigError, match=r"^--input=.*other\.npy: .*\[?5, 5, 1"):
    apply(run[0], tmp_path / "to", "embed", f"--input={tmp_path / 'other.npy'}")


def test_nothing_is_overwritten(run, tmp_path):
  (tmp_path / "to").mkdir()
  with pytest.raises(FileExistsError):
    apply(run[0], tmp_path / "to", "embed")


def test_a_single_example_and_a_folder_of_splits(run, images, tmp_path):
  np.save(tmp_path / "one.npy", images[:1])
  argv = f"--input={tmp_path / 'one.npy'}"
  assert len(apply(run[0], tmp_path / "a", "embed", argv)) == 1
  np.savez(tmp_path / "two.npz", x_train=images[:4], x_test=images[4:6])
  argv = f"--input={tmp_path / 'two.npz'}"
  with pytest.raises(ConfigError, match="--split=all: .*has no split 'all'"):
    apply(run[0], tmp_path / "b", "embed", argv)
  assert len(apply(run[0], tmp_path / "b", "embed", argv, "--split=test")) == 2
