"""What the paper leaves open: each alternative differs from ours in one thing."""

import numpy as np

from aevb_tf import evidence
from aevb_tf.experiments import choices, figure2_mnist, jobs
from aevb_tf.experiments.jobs import Job
from aevb_tf.training import configuration


def test_each_alternative_differs_from_ours_in_one_thing():
  scale = choices.scales("")["default"]
  ours = {a.question: a.job for a in scale.alternatives if a.ours}
  for alternative in scale.alternatives:
    mine, other = ours[alternative.question], alternative.job
    assert mine.samples == other.samples == 10**6
    changed = configuration.differences(mine.run.config, other.run.config)
    if alternative.question == "step size":
      assert alternative.ours or not other.pilots
    elif alternative.ours:
      assert mine.same_as(other)
    elif "first weights" in alternative.question:
      assert changed == ["bias_initializer.stddev", "kernel_initializer.stddev"]
    elif "Frey" in alternative.question:
      assert (changed, other.run.split) == ([], "film")
    else:
      assert changed == ["binarization"]


def test_every_question_has_ours_once():
  scale = choices.scales("")["default"]
  questions = [a.question for a in scale.alternatives if a.ours]
  assert len(questions) == len(set(questions)) == 4
  assert set(questions) == {a.question for a in scale.alternatives}


def test_evidence_is_estimated_in_each_way(monkeypatch):
  ways = []

  def estimate(model, x, method, seed):
    ways.append(method)
    values = np.full(len(x), -float(len(ways)), np.float32)
    return evidence.Estimate("posterior_density", 50, values, values)

  monkeypatch.setattr(evidence, "estimate", estimate)
  job = Job(figure2_mnist.tiny(), 500)
  rows = choices._evidence(None, choices.Scale([], job, 10, 5))
  assert [row.value for row in rows] == [-1, -2, -3, -4, -5]
  assert [row.ours for row in rows] == ["yes", "no", "yes", "no", "no"]
  assert [way.density for way in ways[:2]] == ["gaussian", "mixture"]
  assert ways[3].burn_in == 2 * ways[2].burn_in
  assert ways[4].start == "prior"


def test_the_step_by_the_first_iterations_is_ours():
  scale = choices.scales("")["default"]
  steps = [a for a in scale.alternatives if a.question == "step size"]
  fixed = {a.job.run.config.learning_rate for a in steps if not a.ours}
  assert fixed == set(jobs.STEPS)
