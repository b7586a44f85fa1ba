"""What the paper leaves open: each alternative differs from ours in what it says."""

import math

import numpy as np
import pytest

from aevb_tf import evidence
from aevb_tf.experiments import choices, figure2_mnist, jobs, methods
from aevb_tf.experiments.jobs import Job
from aevb_tf.experiments.results import choices as results
from aevb_tf.training import configuration

NARROW = ["bias_initializer.stddev", "kernel_initializer.stddev"]


def test_each_alternative_differs_from_ours_in_what_it_says():
  scale = choices.scales("")["default"]
  ours = {a.question: a.job for a in scale.alternatives if a.ours}
  for alternative in scale.alternatives:
    mine, other = ours[alternative.question], alternative.job
    changed = configuration.differences(mine.run.config, other.run.config)
    if "Monte Carlo EM" in alternative.question:
      size = mine.run.train_examples
      assert size == other.run.train_examples
      assert ("new chains" in alternative.answer) == (other.run.method == "mcem_fresh")
      minibatches = "minibatch" in alternative.answer
      assert other.run.config.batch_size == (100 if minibatches else size)
      assert changed == (["batch_size"] if minibatches else [])
      a, b = (j.samples * methods.evaluations(j.run.method) for j in (mine, other))
      assert a == pytest.approx(b, rel=0.01)
      continue
    if "prior of the weights" in alternative.question:
      assert changed == ([] if alternative.ours else ["parameter_prior_stddev"])
      continue
    assert mine.samples == other.samples == 10**6
    if alternative.question == "step size":
      assert alternative.ours or not other.pilots
    elif alternative.ours:
      assert mine.same_as(other)
    elif "deviation 0.01, output" in alternative.answer:
      assert changed == sorted([*NARROW, "output_bias"])
    elif alternative.answer.startswith("output"):
      assert changed == ["output_bias"]
    elif "first weights" in alternative.question:
      assert changed == NARROW
    elif "Frey" in alternative.question:
      assert (changed, other.run.split) == ([], "film")
    elif "seed" in alternative.question:
      assert changed == ["seed"]
    else:
      assert changed == ["binarization"]


def test_every_question_has_ours_once():
  scale = choices.scales("")["default"]
  questions = [a.question for a in scale.alternatives if a.ours]
  assert len(questions) == len(set(questions)) == 11
  assert set(questions) == {a.question for a in scale.alternatives}


def test_evidence_is_estimated_in_each_way_once(monkeypatch, tmp_path):
  ways = []

  def estimate(model, x, method, seed):
    ways.append(method)
    values = np.full(len(x), -float(len(ways)), np.float32)
    return evidence.Estimate("posterior_density", 50, values, values)

  monkeypatch.setattr(evidence, "estimate", estimate)
  job = Job(figure2_mnist.tiny(), 500)
  found = jobs.execute([job], tmp_path)
  asked = choices.Scale([], job, 10, 7), tmp_path, found
  rows = choices._evidence(*asked)
  assert [row.value for row in rows] == [-1, -2, -1, -3, -1, -4, -5]
  assert [row.ours for row in rows] == ["yes", "no", "yes", "no", "yes", "no", "no"]
  ours, mixture, longer, single, encoder = ways
  assert (ours.density, mixture.density) == ("gaussian", "mixture")
  assert longer.burn_in == 2 * ours.burn_in
  assert (ours.candidates, single.candidates) == (1000, 1)
  assert [way.start for way in ways] == ["prior"] * 4 + ["encoder"]
  assert choices._evidence(*asked) == rows
  assert len(ways) == 5  # what is known is not estimated again


def test_a_choice_that_diverged_is_said_so():
  rows = [
    choices.Choice("step", "small", "yes", "bound", 10**6, -100.0, 0.2),
    choices.Choice("step", "large", "no", "bound", 10**6, math.nan, math.nan),
  ]
  *_, table = results.choices(rows)
  assert "| large | test bound | 1e6 | diverged |" in table


def test_the_step_by_the_first_iterations_is_ours():
  scale = choices.scales("")["default"]
  steps = [a for a in scale.alternatives if a.question == "step size"]
  fixed = {a.job.run.config.learning_rate for a in steps if not a.ours}
  assert fixed == set(jobs.STEPS)
