"""Every figure at scale `smoke`: a table, a picture, and nothing done twice."""

import functools
import importlib

import pytest
import tensorflow as tf

import experiments
from aevb_tf.training import configuration
from experiments import SCALES, __main__, figure, files, methods, sweep, trajectory
from experiments.results import page
from experiments.sweep import Curve, Point
from tests.evidence.xla import without_xla

# The chains of App. D are too short at this scale.
pytestmark = pytest.mark.filterwarnings(
  "ignore:log p.x. by posterior_density is not reliable. R-hat"
  ":aevb_tf.evidence.trust.EvidenceWarning"
)

# They have tests of their own.
OTHERS = {
  "anomalies",
  "anomaly_tables",
  "gradient_variance",
  "imputation",
  "restoration",
  "semi_supervised",
}
FIGURES = [name for name in experiments.EXPERIMENTS if name not in OTHERS]


def module(name):
  return importlib.import_module(f"experiments.{name}")


def jobs(name, scale="default"):
  return module(name).figure(scale, "").jobs


def points(table):
  return files.read_csv(table, Point)


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
  """One folder for all figures: what they share is run once."""
  return tmp_path_factory.mktemp("figures")


@pytest.fixture(scope="module")
def outputs(workdir):
  """`outputs(name)`: the table and the picture of a figure, which is run once."""
  return functools.cache(lambda name: make(name, workdir))


@without_xla()
def make(name, workdir):
  return figure.make(name, module(name).figure("smoke", ""), workdir)


@pytest.mark.parametrize("name", FIGURES)
def test_smoke_leaves_a_table_and_a_picture(name, outputs, workdir):
  table, picture = outputs(name)
  assert (table.name, picture.name) == (f"{name}.csv", f"{name}.png")
  assert picture.read_bytes().startswith(b"\x89PNG")
  before = table.read_bytes()
  with pytest.MonkeyPatch.context() as patch:
    patch.delattr(trajectory, "_train")  # all is there
    make(name, workdir)
  assert table.read_bytes() == before


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", FIGURES)
def test_all_scales_are_there(name, scale):
  assert jobs(name, scale)


def test_the_command_runs_a_figure(workdir, capsys):
  command = ["figure5", f"--workdir={workdir}", "--scale=smoke"]
  assert __main__.run(__main__.parse(command)) == 0
  printed = capsys.readouterr().out
  assert printed.endswith(f"{workdir / 'figure5.csv'}\n{workdir / 'figure5.png'}\n")
  assert not tf.config.experimental.tensor_float_32_execution_enabled()


def test_figure2_compares_what_the_paper_compares(outputs):
  table, _ = outputs("figure2_mnist")
  assert {p.method for p in points(table)} == {"aevb", "wake_sleep"}


def test_figure2_begins_aevb_in_both_ways_with_every_number_of_latents():
  requested = jobs("figure2_mnist")
  dims = {3, 5, 10, 20, 200}
  for settings, changed in {
    "paper": set(),
    "narrow start": {
      "kernel_initializer.stddev",
      "bias_initializer.stddev",
      "output_bias",
    },
  }.items():
    mine = [j for j in requested if (j.settings, j.run.method) == (settings, "aevb")]
    assert {j.run.config.latent_dim for j in mine if j.samples == 10**7} == dims
    for job in mine:
      found = configuration.differences(requested[0].run.config, job.run.config)
      assert set(found) - {"latent_dim"} == changed


def ended(job, values):
  """A curve whose end has this log p(x) of train and test data."""
  row = {"samples": 500, "seconds": 1.0, "device": "CPU"}
  row |= {f"{split}_values": values for split in ("train", "test")}
  return Curve(job, job.run, True, [row])


def test_figure3_compares_methods_example_by_example():
  """Each from AEVB as it was trained."""
  requested = {(j.run.method, j.settings): j for j in jobs("few_data")}
  other = "no prior of the weights"
  found = [
    ended(requested[key], values)
    for key, values in {
      ("aevb", "paper"): [-100.0, -140.0, -180.0],
      ("mcem", "paper"): [-101.0, -139.5, -178.0],
      ("aevb", other): [-90.0, -130.0, -170.0],
      ("mcem", other): [-91.0, -131.0, -171.0],
    }.items()
  ]
  ours, changed = module("figure3").differences(found)
  for point in (ours, changed):
    assert (point.method, point.quantity) == ("mcem", "log_marginal_less_aevb")
    assert point.samples == 15 * 500
  assert (ours.settings, changed.settings) == ("paper", other)
  assert ours.test == pytest.approx(0.5)
  assert ours.test_error == pytest.approx(1.5 / 3**0.5)
  assert changed.test == pytest.approx(-1.0)


NARROW_START = ["bias_initializer.stddev", "kernel_initializer.stddev", "output_bias"]


@pytest.mark.parametrize(
  "settings, differs, values",
  [
    ("seed 1", ["seed"], [1]),
    ("seed 2", ["seed"], [2]),
    ("seed 3", ["seed"], [3]),
    ("seed 4", ["seed"], [4]),
    ("a narrow start", NARROW_START, [0.01, 0.01, "data_mean"]),
    ("step size 0.02", ["learning_rate"], [0.02]),
    (
      "prior of the weights with standard deviation 3",
      ["parameter_prior_stddev"],
      [3.0],
    ),
    (
      "prior of the weights with standard deviation 10",
      ["parameter_prior_stddev"],
      [10.0],
    ),
    ("no prior of the weights", ["parameter_prior_stddev"], [0.0]),
  ],
)
def test_each_setting_of_few_data_differs_in_what_it_says(settings, differs, values):
  ours, changed = module("few_data").paper()
  ours = {j.run.method: j.change(learning_rate=0.1) for j in ours}
  mine = [j for j in changed if j.settings == settings]
  assert {"aevb", "mcem"} <= {j.run.method for j in mine}
  for job in mine:
    other = ours[job.run.method]
    config = job.run.config
    assert configuration.differences(other.run.config, config) == differs
    flat = config.to_dict() | {
      f"{key}.stddev": config[key].stddev
      for key in ("bias_initializer", "kernel_initializer")
    }
    assert [flat[key] for key in differs] == values
    assert (job.samples, job.run.train_examples) == (other.samples, 1000)
    assert job.run.points(job.samples) == [job.samples]


def test_few_data_has_every_setting_once():
  few_data = module("few_data")
  ours, changed = few_data.paper()
  requested = [(j.settings, j.run.method) for j in changed]
  assert len(set(requested)) == len(requested)
  assert {settings for settings, _ in requested} == set(few_data.CHANGES)
  assert [j.run.key for j in ours] == [
    j.run.key for j in jobs("figure3") if j.run.train_examples == 1000
  ]
  assert [j.key for j in jobs("few_data")] == [j.key for j in (*ours, *changed)]


def test_few_data_measures_a_model_from_other_starts(outputs):
  """Monte Carlo EM, which has no encoder, from few draws of the prior, as in `smoke`."""
  table, _ = outputs("few_data")
  ends = [p for p in points(table) if p.quantity == "log_marginal"]
  found = {(p.method, p.settings): p for p in ends}
  assert set(found) == {
    (method, settings)
    for method in ("aevb", "mcem")
    for settings in ("paper", "chains of App. D from the encoder")
  }
  ours, other = (
    found["aevb", s] for s in ("paper", "chains of App. D from the encoder")
  )
  assert ours.test != other.test
  assert ours.test == pytest.approx(other.test, abs=5 * ours.test_error)
  ours, other = (
    found["mcem", s] for s in ("paper", "chains of App. D from the encoder")
  )
  assert ours == other._replace(settings="paper")


def test_figure3_goes_as_far_as_the_paper_with_every_method():
  for job in jobs("figure3"):
    evaluations = job.samples * methods.evaluations(job.run.method)
    assert evaluations == pytest.approx(60e6, rel=0.01)
    of_all_data = job.run.config.batch_size == job.run.train_examples
    assert of_all_data == (job.run.method == "mcem")


def test_figure5_tries_each_step_and_continues_with_one(outputs):
  table, _ = outputs("figure5")
  rows = points(table)
  assert {p.step for p in rows} == set(sweep.STEPS)
  chosen = {(p.samples, p.step) for p in rows if p.chosen == "yes"}
  assert chosen == {(500, 0.1), (1_000, 0.1)}


def test_full_vb_has_both_bounds(outputs):
  table, _ = outputs("full_vb")
  rows = points(table)
  (full,) = [p for p in rows if p.quantity == "full_bound"]
  (mean,) = [p for p in rows if (p.method, p.quantity) == ("full_vb", "bound")]
  # The KL of the weights, thousands of nats, is shared by 200 data.
  assert full.test < mean.test - 10


def test_the_page_shows_every_table(outputs, workdir):
  """Also where a figure has few of its points, or none that the paper reads."""
  for name in FIGURES:
    outputs(name)
  blocks = {name: page.block(name, workdir) for name in page.BLOCKS}
  assert "nan" not in "".join(blocks.values())
  # What a smoke run does not have.
  assert {name for name, text in blocks.items() if text == "Not run yet."} == {
    "choices.seeds",
    "few_data.summary",
    "figure2_mnist.modern",
    "figure2_mnist.narrow_start",
    "figure3.differences",
    "figure3.orders",
    *(name for name in page.BLOCKS if name.split(".")[0] in OTHERS),
  }


def test_default_has_the_paper_s_settings():
  mnist = jobs("figure2_mnist")
  for method in ("aevb", "wake_sleep"):
    requested = [
      (j.run.config.latent_dim, j.samples)
      for j in mnist
      if (j.settings, j.run.method) == ("paper", method)
    ]
    expected = [*((dim, 10**7) for dim in (3, 5, 10, 20, 200)), (20, 3 * 10**7)]
    assert sorted(requested) == sorted(expected)
  config = mnist[0].run.config
  assert (config.batch_size, config.bound.num_samples) == (100, 1)
  assert config.hidden_units == (500,)
  frey = jobs("figure2_frey")
  assert {j.run.config.latent_dim for j in frey} == {2, 5, 10, 20}
  assert frey[0].run.config.hidden_units == (200,)
  assert frey[0].run.config.likelihood.unit_mean
