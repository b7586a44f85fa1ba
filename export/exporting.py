"""Exports a run folder to a folder of artifacts, verified before it appears."""

import contextlib
import dataclasses
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from aevb_tf import publish, saving
from aevb_tf.export import (
  examples,
  formats,
  manifest,
  quantization,
  runtimes,
  verify,
)
from aevb_tf.export.config import ExportConfig
from aevb_tf.export.serving.bundle import check_name
from aevb_tf.tasks import AnomalyDetector
from aevb_tf.training import build, configuration
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.evaluate import trained_model
from aevb_tf.training.run_folder import RunFolder


def export(
  workdir: str | os.PathLike,
  to: str | os.PathLike,
  names: Sequence[str] = ExportConfig.formats,
  **options: Any,
) -> verify.Report:
  """Exports the model of a run.

  Args:
    workdir: The run's folder. Before the end of a run its newest checkpoint is used.
    to: The folder to create, whole or not at all. Never overwritten.
    names: Names of the formats.
    **options: The other attributes of `ExportConfig`.

  Returns:
    The verification's report: without breaches, since these raise an error.

  Raises:
    ConfigError: An argument is out of range, there is no such run, or an artifact does
      not answer as the model does.
  """
  return export_run(workdir, to, ExportConfig(tuple(names), **options))


def export_run(
  workdir: str | os.PathLike, to: str | os.PathLike, config: ExportConfig
) -> verify.Report:
  """Exports the model of a run; results and errors as for `export`."""
  with errors_on_one_line():
    # Impossible arguments are reported before the model is loaded.
    if not config.formats:
      raise ConfigError(f"--formats: name some of {', '.join(formats.names())}.")
    publish.check_free(to)
    writers = [formats.get(name) for name in dict.fromkeys(config.formats)]
    for writer in writers:
      writer.check()
    job = load_job(workdir, config, any(writer.measures for writer in writers))
    for writer in writers:
      writer.check_job(job)
    with publish.folder(to) as partial:
      artifacts = [
        artifact for writer in writers for artifact in writer.write(job, partial)
      ]
      cases = verify.answer_cases(
        job.vae, config.max_samples, config.num_importance_samples
      )
      verify.save_cases(cases, partial / verify.REFERENCE)
      manifest.make(partial, job.name, artifacts, job.config_sha256)
      report = verify.verify(partial)
      if report.breaches:
        raise ConfigError(f"Nothing was written, since {'; '.join(report.breaches)}.")
    return report


def load_job(
  workdir: str | os.PathLike, config: ExportConfig, measures: bool = False
) -> formats.Job:
  """Loads the model of a run, and the data that its export needs.

  Args:
    workdir: The run's folder.
    config: How to export it.
    measures: Whether a format measures something on test data. They are also read to
      judge a quantized model.

  Raises:
    ConfigError: There is no run in the folder, no model in it, or the detector is not
      one of this model.
  """
  folder = RunFolder(workdir)
  if config.name is not None:
    check_name(config.name)
  folder.check_is_run()
  run_config = configuration.from_json(folder.config)
  check_name(name := config.name or run_config.name)
  vae, _ = trained_model(folder)
  with run_config.unlocked():
    run_config.data_dir = config.data_dir or run_config.data_dir

  def first_examples(split, most):
    source = build.dataset(run_config, split)
    what = f"The {split} split of {run_config.dataset}"
    return examples.take(vae, source, most, what)

  quantized, test_data, representative_data = config.quantize != "none", None, None
  if measures or quantized:
    test_data = first_examples("test", quantization.NUM_EXAMPLES)
  if quantized:
    representative_data = first_examples("train", quantization.NUM_REPRESENTATIVE)
  return formats.Job(
    vae if config.detector is None else _load_detector(config.detector, vae),
    name,
    config,
    hashlib.sha256(folder.config.read_bytes()).hexdigest(),
    test_data,
    representative_data,
  )


def _load_detector(path: str, vae: keras.Model) -> AnomalyDetector:
  """The detector in a file, if it is of this model."""
  detector = saving.load(path)
  if not isinstance(detector, AnomalyDetector):
    raise ConfigError(
      f"--detector={path}: this is a {type(detector).__name__}; give a file that "
      "`AnomalyDetector.save` wrote."
    )
  if not detector.is_of(vae):
    raise ConfigError(
      f"--detector={path}: its model is not that of the run, which may have been trained "
      "since. Fit a detector of the run's model."
    )
  return detector


@contextlib.contextmanager
def errors_on_one_line() -> Iterator[None]:
  """Raises a `ConfigError` of one line for every error that a user can correct."""
  try:
    yield
  except ConfigError:
    raise
  except OSError as error:
    place = f"{error.filename}: " if error.filename else ""
    raise ConfigError(f"{place}{error.strerror or error}.") from error
  except tf.errors.OpError as error:  # such as TensorFlow's error for a full disk
    raise ConfigError(" ".join(error.message.split())) from error
  except (ValueError, ImportError, runtimes.RuntimeFailed) as error:
    raise ConfigError(_in_flags(" ".join(str(error).split()))) from error


def _in_flags(text):
  """Spells arguments of Python in a message as flags of the command line."""
  names = "|".join(field.name for field in dataclasses.fields(ExportConfig))
  return re.sub(rf"(?<![\w.-])({names})=", r"--\1=", text)
