"""What the paper leaves open: each alternative differs from ours in what it says."""

import math

import numpy as np
import pytest

from aevb_tf import evidence
from aevb_tf.training import configuration
from experiments import (
  choices,
  measures,
  methods,
  questions,
  settings,
  sweep,
)
from experiments.results import tables
from experiments.sweep import Job

ANSWERS = questions.paper("", 10**6)
TRAINED = [a for a in ANSWERS if a.estimator is None]
ESTIMATED = [a for a in ANSWERS if a.estimator]
NARROW = ["bias_initializer.stddev", "kernel_initializer.stddev"]


def test_each_alternative_differs_from_ours_in_what_it_says():
  ours = {a.question: a.job for a in TRAINED if a.ours}
  for alternative in TRAINED:
    mine, other = ours[alternative.question], alternative.job
    changed = configuration.differences(mine.run.config, other.run.config)
    if alternative.question.startswith("Monte Carlo EM"):
      size = mine.run.train_examples
      assert size == other.run.train_examples
      assert ("new chains" in alternative.answer) == (other.run.method == "mcem_fresh")
      assert ("jump" in alternative.answer) == (other.run.method == "mcem_jumps")
      minibatches = "minibatch" in alternative.answer
      assert other.run.config.batch_size == (100 if minibatches else size)
      assert changed == (["batch_size"] if minibatches else [])
      a, b = (j.samples * methods.evaluations(j.run.method) for j in (mine, other))
      assert a == pytest.approx(b, rel=0.01)
      continue
    assert mine.samples == other.samples == 10**6
    if alternative.question == "step size":
      assert alternative.ours or not other.pilots
    elif alternative.ours:
      assert mine.key == other.key
    elif "standard deviation 0.01, output" in alternative.answer:
      assert changed == sorted([*NARROW, "output_bias"])
    elif alternative.answer.startswith("output"):
      assert changed == ["output_bias"]
    elif "initial weights" in alternative.question:
      assert changed == NARROW
    elif "Frey" in alternative.question:
      assert (changed, other.run.split) == ([], "film")
    elif "seed" in alternative.question:
      assert changed == ["seed"]
    else:
      assert changed == ["binarization"]


def test_every_question_has_ours_once():
  ours = [a.question for a in ANSWERS if a.ours]
  assert len(ours) == len(set(ours)) == 9 + 4
  assert set(ours) == {a.question for a in ANSWERS}


def test_evidence_is_estimated_in_each_way_once(monkeypatch, tmp_path):
  requested = []

  def estimate(model, x, method, seed, batch_size):
    requested.append(method)
    values = np.full(len(x), -float(len(requested)), np.float32)
    return evidence.Estimate("posterior_density", 50, values, values)

  monkeypatch.setattr(evidence, "estimate", estimate)
  job = Job(settings.digits(), 500)
  found = sweep.execute([job], tmp_path)
  answers = questions.estimators(job)

  def tabulate():
    return [choices.choice(answer, found, examples=10) for answer in answers]

  rows = tabulate()
  others = [row for row in rows if row.ours == "no"]
  # Ours is one estimate, whichever the question; each other has its own.
  assert {row.value for row in rows if row.ours == "yes"} == {-1}
  assert [row.value for row in others] == [-2.0 - i for i in range(len(others))]
  assert tabulate() == rows
  assert len(requested) == 1 + len(others)  # what is known is not estimated again


def test_each_way_differs_from_ours_in_what_it_says():
  ours = {a.question: a for a in ESTIMATED if a.ours}
  assert set(ours) == {a.question for a in ESTIMATED} and len(ours) == 4
  # Of one model.
  assert len({a.job.key for a in ESTIMATED}) == 1
  for way in ESTIMATED:
    method = way.estimator
    evidence.get(method)  # is an estimator
    mine = ours[way.question].estimator
    changed = {key for key, value in method.items() if mine.get(key) != value}
    if way.ours:
      assert mine == {"name": "posterior_density", **measures.APP_D}
    elif "estimator" in way.question:
      assert method["name"] == "importance"
      assert f"{method['num_samples']:,}" in way.answer
    elif "q(z)" in way.question:
      assert changed == {"density"} and method["density"] == "mixture"
    elif "burn-in" in way.question:
      assert changed == {"burn_in"}
      assert method["burn_in"] == 2 * mine["burn_in"]
    elif "encoder" in way.answer:
      assert changed == {"start", "candidates"} and method["start"] == "encoder"
    else:
      assert changed == {"candidates"} and method["start"] == "prior"
      candidates = method["candidates"]
      assert (f"{candidates:,} draws" in way.answer) == (candidates > 1)


def test_a_choice_that_diverged_is_said_so():
  rows = [
    choices.Choice("step", "small", "yes", "bound", 10**6, -100.0, 0.2),
    choices.Choice("step", "large", "no", "bound", 10**6, math.nan, math.nan),
  ]
  table = tables.choices(rows)
  assert "| large | test bound | 1e6 | diverged |" in table


def test_the_step_by_the_first_iterations_is_ours():
  steps = [a for a in TRAINED if a.question == "step size"]
  fixed = {a.job.run.config.learning_rate for a in steps if not a.ours}
  assert fixed == set(sweep.STEPS)
