"""The tasks of `aevb-apply` and their options. This module does not need TensorFlow."""

from typing import Literal, NamedTuple


class Option(NamedTuple):
  """An option of some tasks.

  Attributes:
    default: Its default, whose type is that of the value.
    about: A sentence.
  """

  default: int | float | str
  about: str


class Task(NamedTuple):
  """A task.

  Attributes:
    about: What it does, a phrase.
    options: Names of its options, which are arguments of its function in `answers`.
    input_kind: "clean" examples; those with "missing" values, whatever the model is; or
      "corrupted" ones, which need not be values that the model can score.
    needs_condition: Whether examples must have the condition of the model, if it has one.
  """

  about: str
  options: tuple[str, ...] = ()
  input_kind: Literal["clean", "missing", "corrupted"] = "clean"
  needs_condition: bool = True


OPTIONS = {
  "score": Option(
    "",
    "How strange an example is, a name of `tasks.scores`; by default that of the data.",
  ),
  "false_alarm_rate": Option(0.01, "Share of normal examples above the threshold."),
  "num_neighbors": Option(5, "How many training examples to find."),
  "num_clusters": Option(10, "Number of clusters."),
  "num_imputations": Option(1, "1 for estimates of missing values, m for m draws."),
  "method": Option("importance", "How to impute, a name of `aevb_tf.imputation`."),
  "noise": Option("gaussian", "A name of `tasks.restoration.noise`."),
  "rate": Option(0.1, "Share of the values that noise replaces, if it does."),
  "scale": Option(0.1, "Standard deviation of the noise, if it is Gaussian."),
  "factor": Option(2, "How many pixels of height and width became one."),
  "blur": Option("box", "Weights of these pixels: box or gaussian."),
  "observed": Option("", "A .npy file or image of an example's size, 0 where unknown."),
  "start": Option(0, "Number of the example to start from, from 0."),
  "end": Option(1, "Number of the example to end at, from 0."),
  "steps": Option(10, "Number of steps from start to end."),
  "path": Option("linear", "linear, or spherical, which keeps the length of z."),
}

TASKS = {
  "anomalies": Task(
    "how strange each example is, its p-value, and whether it is an anomaly",
    ("score", "false_alarm_rate"),
  ),
  "classify": Task(
    "p(c|x) of each class, of a model that has a class as condition",
    needs_condition=False,
  ),
  "cluster": Task("clusters of latents, by k-means", ("num_clusters",)),
  "denoise": Task(
    "what noisy examples were before, by the posterior mean",
    ("noise", "scale", "rate"),
    input_kind="corrupted",
  ),
  "embed": Task("the latents of each example"),
  "impute": Task(
    "missing values (NaN, or empty cells) filled in",
    ("num_imputations", "method"),
    input_kind="missing",
  ),
  "inpaint": Task(
    "what was not observed (NaN, or 0 in --observed), by the posterior mean",
    ("observed",),
    input_kind="missing",
  ),
  "interpolate": Task(
    "what lies between two examples", ("start", "end", "steps", "path")
  ),
  "nearest": Task("the training examples with the nearest latents", ("num_neighbors",)),
  "reconstruct": Task("each example as the model sees it, and its bound"),
  "super_resolve": Task(
    "images of lower resolution, enlarged by the posterior mean",
    ("factor", "scale", "blur"),
    input_kind="corrupted",
  ),
  "traverse": Task("what each latent changes in an example", ("start",)),
}
