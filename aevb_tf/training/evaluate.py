"""Evaluates the model of a run folder on a whole split."""

import os

import numpy as np
import tensorflow as tf

import aevb_tf
from aevb_tf import tasks
from aevb_tf.data import sources
from aevb_tf.data.first import first_examples, sample_pairs
from aevb_tf.files import write_json
from aevb_tf.models import VAE
from aevb_tf.training import build, conditions, configuration
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.evidence import measure_evidence
from aevb_tf.training.measure import measure
from aevb_tf.training.run_folder import RunFolder, is_whole

# Data sets of digits, for which there is a Frechet distance.
_DIGITS = ("digits", "mnist")
_SAMPLES = 1000
# Training examples of a stream whose length is not known.
_MOST_OF_STREAM = 10_000


def evaluate(
  workdir: str | os.PathLike,
  split: str = "test",
  batch_size: int | None = None,
  data_dir: str | None = None,
  evidence: str | None = None,
  num_samples: int | None = None,
  max_examples: int | None = None,
  samples: bool = False,
) -> dict:
  """Evaluates a run, and writes `evaluation-SPLIT.json` into its folder.

  Args:
    workdir: The run's folder.
    split: Split of the data.
    batch_size: Batch size, by default that of the training; changes no result.
    data_dir: Folder with prepared data, by default that of the training.
    evidence: Name of an estimator of log p(x) to run as well.
    num_samples: Samples for each example; None uses the estimator's own number.
    max_examples: Number of examples for the estimator, see `measure_evidence`, and for
      `samples`, by default 1000: random ones of data in memory, the first of a stream.
    samples: Whether to measure the quality of samples, too.

  Returns:
    The contents of the file: `model` and `split`, `elbo`, `kl` and `log_likelihood` in
    nats per example, `num_examples`, `active_units`, `kl_per_dimension`; `condition` if
    the model has one; if `evidence` is given, the result of `measure_evidence` as
    `evidence`; and for `samples`, `tasks.SampleQuality.report()` as `samples`.

  Raises:
    ConfigError: There is no run in the folder, its model is damaged, or the split does
      not exist or does not fit the model.
  """
  folder = RunFolder(workdir)
  folder.check_is_run()
  config = configuration.from_json(folder.config)
  with config.unlocked():
    config.batch_size = batch_size or config.batch_size
    config.data_dir = data_dir or config.data_dir
  vae, name = trained_model(folder)
  schema = conditions.schema(vae.condition, vae.schema)
  source = _split(config, split, schema)
  build.check_data(config, vae, source)
  report = {"model": name, "split": split, **measure(vae, source).report()}
  if evidence is not None:
    build.go_to_epoch(source, 0)  # the same stochastic binarization as in `measure`
    report["evidence"] = measure_evidence(
      vae, source, evidence, num_samples, max_examples, batch_size
    )
  if samples:
    build.go_to_epoch(source, 0)
    train = _split(config, "train", schema)
    report["samples"] = _sample_quality(config, vae, train, source, max_examples)
  if vae.condition is not None:
    report["condition"] = config.condition
  write_json(folder.path / f"evaluation-{split}.json", report)
  return report


def _sample_quality(config, vae, train, source, max_examples):
  """The quality of as many samples as examples, at most `max_examples`."""
  x_train = first_examples(train, build.num_examples(train) or _MOST_OF_STREAM)
  x, y = sample_pairs(source, max_examples or _SAMPLES, np.random.default_rng(0))
  condition = None if vae.condition is None else tf.constant(y)
  try:
    quality = tasks.sample_quality(
      vae, x_train, x, config.dataset in _DIGITS, seed=0, condition=condition
    )
  except ValueError as error:
    raise ConfigError(f"--samples: {error}") from error
  return quality.report()


def _split(config, split, schema):
  """A split of the data. An error about its name is about the flag `--split`."""
  try:
    return build.dataset(config, split, schema)
  except ConfigError as error:
    if isinstance(error.__cause__, sources.UnknownSplitError):
      raise ConfigError(f"--split={split}: {error.__cause__}") from error
    raise


def trained_model(folder: RunFolder) -> tuple[VAE, str]:
  """The trained model, or that of the newest checkpoint, and a name for it."""
  if folder.model.exists():
    if not is_whole(folder.model):
      raise ConfigError(
        f"{folder.model} is damaged: remove it to use the newest checkpoint instead."
      )
    return aevb_tf.load(folder.model), folder.model.name
  epoch, _ = folder.newest_checkpoint()
  if epoch is None:
    raise ConfigError(f"--workdir={folder.path}: has neither a model nor a checkpoint.")
  path = folder.checkpoint(epoch)
  return aevb_tf.load(path), str(path.relative_to(folder.path))
