"""Jobs: the step size is chosen by the first iterations, nothing is run twice."""

import csv
import math

import pytest

from aevb_tf.models import NonFiniteError
from experiments import files, settings, sweep, trajectory
from experiments.sweep import Job, Point

RUN = settings.digits()


@pytest.fixture
def scripted(monkeypatch):
  """Fake runs that record requests; their bound is best at a given step."""
  requested = []

  def advance(run, samples, workdir, report):
    step = run.config.learning_rate
    requested.append((step, samples))
    report(samples)
    if step == scripted_steps["diverges"]:
      raise NonFiniteError("Training stopped.")
    value = -abs(step - scripted_steps["best"])
    if step == scripted_steps["nan"]:
      value = math.nan
    result = {"seconds": 1.0, "device": "CPU", "train_error": 0.1, "test_error": 0.2}
    return [
      {**result, "samples": point, "train": value, "test": value - 1}
      for point in run.points(samples)
    ]

  scripted_steps = {"best": 0.02, "diverges": None, "nan": None}
  monkeypatch.setattr(trajectory, "advance", advance)
  return requested, scripted_steps


@pytest.mark.parametrize("best", sweep.STEPS)
def test_the_run_continues_with_the_step_of_the_best_training_bound(
  scripted, best, tmp_path
):
  requested, steps = scripted
  steps["best"] = best
  found = sweep.execute([Job(RUN, 2_000, (500,))], tmp_path)
  assert requested == [*((step, 500) for step in sweep.STEPS), (best, 2_000)]
  chosen = [curve for curve in found.curves if curve.chosen]
  assert [c.run.config.learning_rate for c in chosen] == [best]
  assert {c.run.config.learning_rate for c in found.curves} == set(sweep.STEPS)


def test_every_job_says_how_it_ended(scripted, tmp_path, capsys):
  sweep.execute([Job(RUN, 2_000, (500,))], tmp_path)
  assert capsys.readouterr().out == (
    "AEVB, digits, Nz 20, step 0.02: 2,000 samples, train 0.0, test -1.0 nats per example\n"
  )


def test_the_worst_step_leaves_at_the_first_of_two_pilots(scripted, tmp_path):
  requested, steps = scripted
  steps["best"] = 0.025  # then 0.02, 0.01, 0.1
  found = sweep.execute([Job(RUN, 2_000, (500, 1_000))], tmp_path)
  assert requested[:3] == [(step, 500) for step in sweep.STEPS]
  assert set(requested[3:5]) == {(0.01, 1_000), (0.02, 1_000)}
  assert requested[5:] == [(0.02, 2_000)]
  points = {(c.run.config.learning_rate, c.rows[-1]["samples"]) for c in found.curves}
  assert points == {(0.1, 500), (0.01, 1_000), (0.02, 2_000)}


def test_a_step_that_diverges_is_not_chosen(scripted, tmp_path, capsys):
  requested, steps = scripted
  steps.update(best=0.1, diverges=0.1)
  found = sweep.execute([Job(RUN, 1_000, (500,))], tmp_path)
  assert requested[-1] == (0.02, 1_000)
  assert "step 0.1: Training stopped." in capsys.readouterr().out
  assert not next(c for c in found.curves if c.run.config.learning_rate == 0.1).rows


@pytest.mark.parametrize("step", sweep.STEPS)
def test_a_step_whose_bound_is_not_a_number_is_not_chosen(scripted, step, tmp_path):
  requested, steps = scripted
  steps.update(best=step, nan=step)
  sweep.execute([Job(RUN, 2_000, (500, 1_000))], tmp_path)
  assert (step, 1_000) not in requested and requested[-1][0] != step


def test_a_run_without_a_pilot_keeps_its_step(scripted, tmp_path):
  requested, _ = scripted
  sweep.execute([Job(RUN.change(learning_rate=0.5), 1_000)], tmp_path)
  assert requested == [(0.5, 1_000)]


def test_without_a_pilot_to_diverge_is_the_answer(scripted, tmp_path, capsys):
  _, steps = scripted
  steps["diverges"] = 0.5
  job = Job(RUN.change(learning_rate=0.5), 1_000)
  found = sweep.execute([job], tmp_path)
  assert found.curve(job).rows == []
  assert capsys.readouterr().out.endswith("step 0.5: diverged\n")


def test_a_visit_of_monte_carlo_em_counts_for_its_evaluations(scripted, tmp_path):
  found = sweep.execute([Job(RUN._replace(method="mcem"), 1_000)], tmp_path)
  (curve,) = found.curves
  assert [point.samples for point in curve.points()] == [15 * 500, 15 * 1_000]


def test_a_longer_curve_takes_the_place_of_a_shorter_one(scripted, tmp_path):
  found = sweep.execute([Job(RUN, 500, (500,)), Job(RUN, 2_000, (500,))], tmp_path)
  points = found.points()
  assert [p.samples for p in points if p.chosen == "yes"] == RUN.points(2_000)
  assert {(p.step, p.chosen) for p in points} == {
    (0.02, "yes"), (0.01, "no"), (0.1, "no")
  }  # fmt: skip
  # Each job still has its own.
  assert [found.curve(Job(RUN, n, (500,))).job.samples for n in (500, 2_000)] == [
    500, 2_000
  ]  # fmt: skip


def test_a_table_is_read_as_it_was_written(scripted, tmp_path):
  kept = []
  found = sweep.execute([Job(RUN, 2_000, (500,))], tmp_path, kept.append)
  assert kept == [found]
  table = tmp_path / "table.csv"
  files.write_csv(table, found.points())
  points = [point for curve in found.curves for point in curve.points()]
  assert files.read_csv(table, Point) == points
  (first, *_) = csv.DictReader(table.read_text().splitlines())
  assert (first["binarization"], first["settings"]) == ("grey", "paper")
