"""The anomaly detector of a run, which is kept in the run's folder."""

import aevb_tf
from aevb_tf import files
from aevb_tf.apply import inputs
from aevb_tf.apply.inputs import Question
from aevb_tf.tasks import AnomalyDetector, scores
from aevb_tf.training.run_folder import is_whole


def of_run(
  question: Question, score: str, false_alarm_rate: float
) -> tuple[AnomalyDetector, list[str]]:
  """The detector of the run's folder, or a new one, which is saved there.

  Args:
    question: What the task is about.
    score: A name of `tasks.scores`.
    false_alarm_rate: Of the threshold.

  Returns:
    The detector, and lines that say where it is from.
  """
  path = question.folder.detector
  if path.exists() and is_whole(path):
    detector = aevb_tf.load(path)
    same = _is_default(detector.score, score) and detector.seed == question.seed
    same = same and detector.false_alarm_rate == false_alarm_rate
    if same and detector.is_of(question.vae):
      return detector, [f"The threshold is that of {path}."]
  train = inputs.of_run(question.config, question.vae, "train")
  normal = inputs.of_run(question.config, question.vae, "test")
  detector = AnomalyDetector(question.vae, score, seed=question.seed)
  if detector.score.needs_fit:
    detector.fit(train.x, train.condition)
  detector.fit_threshold(normal.x, false_alarm_rate, normal.condition)
  files.write(path, detector.save)
  summary = f"The threshold is that of the {len(normal.x):,} test examples of the run"
  return detector, [f"{summary}, and is kept in {path}."]


def _is_default(score, name):
  """Whether a fitted score has the default options of a name."""
  default = scores.get(name)
  if type(score) is not type(default):
    return False
  found, options = score.get_config(), default.get_config()
  # What is None by default is set by `fit`; the other one is the name of the layer.
  return all(found[k] == v for k, v in options.items() if v is not None and k != "name")
