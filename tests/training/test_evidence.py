import json
import re

import numpy as np
import pytest

from aevb_tf import evidence
from aevb_tf.evidence import trust
from aevb_tf.files import write_json
from aevb_tf.training import build, configuration, evaluate_main, report
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.evidence import measure_evidence
from aevb_tf.training.run_folder import RunFolder
from tests.evidence.xla import without_xla
from tests.oracle import tiny_vae
from tests.training import runs


@pytest.fixture(scope="module")
def run(tmp_path_factory):
  """A run folder whose model is as it begins: nothing was trained."""
  folder, config = RunFolder(tmp_path_factory.mktemp("run")), runs.config()
  folder.create()
  write_json(folder.config, configuration.to_json(config))
  build.model(config, build.dataset(config, "train")).save(folder.model)
  return folder.path


def evaluate(run, *flags):
  return evaluate_main.main(["aevb-evaluate", f"--workdir={run}", *flags])


def test_the_flags_names_are_the_registered_ones():
  assert list(evaluate_main.METHODS) == evidence.names()


def test_evidence_is_printed_and_written_with_a_bar(run, capfd):
  assert (
    evaluate(run, "--evidence=importance", "--num_samples=20", "--max_examples=150")
    == 0
  )
  printed, drawn = capfd.readouterr()
  written = json.loads((run / "evaluation-test.json").read_text())["evidence"]
  assert written["num_examples"] == 150 and written["num_samples"] == 20
  assert f"{written['log_marginal']:.2f}  nats per example, by importance" in printed
  # The two errors have separate lines, and a warning is a line, not a stack trace.
  for key, line in (
    ("standard_error", "standard error of the mean over examples"),
    ("monte_carlo_error", "standard error of the mean due to the samples"),
  ):
    assert f"{written[key]:.2g}  {line}" in printed
  assert f"  Warning: {written['warning']}\n" in printed
  assert "EvidenceWarning" not in printed + drawn
  assert "of 20 samples" in printed
  assert "log p(x), importance: 100%" in drawn and "150.0/150" in drawn


def test_the_quality_of_samples_is_printed_and_written(run, capsys):
  assert evaluate(run, "--samples", "--max_examples=60") == 0
  printed = capsys.readouterr().out
  written = json.loads((run / "evaluation-test.json").read_text())["samples"]
  assert written["num_samples"] == 60 and written["refused"] is None
  assert f"frechet-digits  {written['frechet_digits']:10.2f}" in printed
  assert "quality of 60 samples" in printed and "near 1 for copies" in printed
  # Nothing was trained: samples are noise.
  assert written["precision"] == 0
  assert written["frechet_digits"] > 3 * written["frechet_digits_of_train"]


def test_samples_that_have_no_distance_are_refused():
  values = {
    "num_samples": 4, "precision": 0.5, "recall": 0.25, "closer_to_train": 0.5,
    "frechet_digits": None, "frechet_digits_of_train": None, "refused": "no digits.",
  }  # fmt: skip
  lines = report.sample_lines(values).splitlines()
  assert lines[-1] == "  No frechet-digits: no digits." and len(lines) == 5


def test_the_data_are_those_of_the_split():
  source = build.dataset(runs.config(), "test")
  vae = tiny_vae(event_shape=source.event_shape)
  build.go_to_epoch(source, 0)
  ours = measure_evidence(vae, source, "importance", 5, 50)["log_marginal"]
  build.go_to_epoch(source, 0)
  x = np.concatenate([np.asarray(x) for x, _ in source])[:50]
  with pytest.warns(evidence.EvidenceWarning):
    expected = evidence.estimate(vae, x, "importance", 5, seed=vae.seed).mean
  assert ours == pytest.approx(expected, abs=1e-5)


def test_an_argument_that_is_refused_is_named_with_the_method():
  with pytest.raises(ConfigError, match="--evidence=importance: .*--num_samples=0"):
    measure_evidence(tiny_vae(), None, "importance", 0, None)


@without_xla()
@pytest.mark.parametrize("method", evidence.names())
def test_warnings_say_what_to_do_on_the_command_line(method):
  """No argument of Python, and no flag that does not exist."""
  flags = {"num_samples", "evidence"} & set(evaluate_main._flags())
  x = np.float32(np.random.default_rng(0).random((3, 4, 3, 1)) > 0.5)
  bad = trust.PerExample(np.zeros(3, np.float32), effective_sample_size=np.zeros(3))
  advised = []

  def estimate(model, data, estimator, **options):
    advised.append(trust.warning(estimator, method, 2, bad))
    raise ValueError("num_samples=2: too few.")

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(evidence, "estimate", estimate)
    with pytest.raises(ConfigError, match=rf"^--evidence={method}: --num_samples=2: "):
      measure_evidence(tiny_vae(), x, method)
  (warning,) = advised
  advice = warning.partition(", smallest 0. ")[2]
  assert advice and not re.search(r"(?<!-)\b\w+=|burn_in", advice), advice
  assert set(re.findall(r"--(\w+)", advice)) <= flags


def test_an_unknown_split_is_that_of_the_flag(run):
  with pytest.raises(ConfigError, match="^--split=tset: .* no split 'tset'.*mean test"):
    evaluate(run, "--split=tset")


@without_xla()
def test_annealed_reports_its_gap():
  vae, x = tiny_vae(), (np.random.default_rng(0).random((3, 4, 3, 1)) > 0.5)
  method = evidence.Annealed(2, num_temperatures=3)
  values = measure_evidence(vae, x.astype(np.float32), method)
  assert {"gap", "gap_standard_error", "acceptance"} <= set(values)
  assert "bounds on simulated examples" in report.evidence_lines(values)


def test_what_is_not_known_is_not_a_number():
  values = {
    "method": "importance",
    "num_samples": 1,
    "num_examples": 1,
    "log_marginal": -80.0,
    "effective_sample_size": 1.0,
    "smallest_effective_sample_size": 1.0,
  }
  lines = report.evidence_lines(values).splitlines()
  assert ["unknown" in line for line in lines] == [False, False, True, True, False]
  values |= {"warning": "Look out.", "gap_warning": "There too.", "pareto_k": 1.5}
  *_, shape, warning, gap_warning = report.evidence_lines(values).splitlines()
  assert "Pareto k" in shape and "at most inf" in shape
  assert (warning, gap_warning) == ("  Warning: Look out.", "  Warning: There too.")


@pytest.mark.parametrize(
  "flags, message",
  [
    (["--evidence=importanc"], "importanc"),
    (["--num_samples=3"], "--num_samples needs --evidence"),
    (["--max_examples=3"], "--max_examples needs --evidence or --samples"),
    (["--evidence=importance", "--num_samples=0"], "num_samples"),
    (["--evidence=posterior_density", "--num_samples=3"], "at least"),
  ],
)
def test_mistakes_are_reported(run, flags, message):
  with pytest.raises(ConfigError, match=message):
    evaluate(run, *flags)
