"""A run folder becomes a folder of artifacts, verified before anybody sees it."""

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from aevb_tf.export import (
  examples,
  formats,
  judging,
  manifest,
  publish,
  quantization,
  reference,
  runtimes,
  signatures,
  verify,
)
from aevb_tf.export.serving.bundle import check_name
from aevb_tf.training import build, configuration
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.evaluate import trained_model
from aevb_tf.training.run_folder import RunFolder


def export(
  workdir: str | os.PathLike,
  to: str | os.PathLike,
  names: Sequence[str] = ("saved_model", "tflite"),
  name: str | None = None,
  quantize: str = "none",
  max_nats: float = 1.0,
  max_samples: int = signatures.MAX_SAMPLES,
  num_importance_samples: int = signatures.NUM_IMPORTANCE_SAMPLES,
  batch_size: int = 1,
  data_dir: str | None = None,
  litertjs: str | None = None,
) -> verify.Report:
  """Exports the model of a run.

  Args:
    workdir: The run's folder. Before the end of a run its newest checkpoint is taken.
    to: The folder to make, whole or not at all. Never overwritten.
    names: Formats.
    name: What the export is called; by default as the run's config.
    quantize: As in `tflite`; the run's own data are what it is judged on.
    max_nats: As in `tflite`.
    max_samples: The most that `sample` draws in one request.
    num_importance_samples: K of `log_marginal`.
    batch_size: Of the files with a fixed batch.
    data_dir: Folder with prepared data, by default that of the training.
    litertjs: Folder with LiteRT.js, as in `web`.

  Returns:
    What the verification found: no breaches, since there would be no export otherwise.

  Raises:
    ConfigError: An argument is impossible, there is no such run, or an artifact does
      not answer as the model does.
  """
  options = {
    "max_samples": max_samples,
    "num_importance_samples": num_importance_samples,
  }
  with told_in_one_line():
    # What is impossible is said first, and at once.
    if not names:
      raise ConfigError(f"--formats: name some of {', '.join(formats.names())}.")
    publish.free(to)
    writers = [formats.get(one) for one in dict.fromkeys(names)]
    for writer in writers:
      writer.check()
    measures = any(writer.measures for writer in writers)
    job = job_of(
      workdir, name, quantize, max_nats, batch_size, data_dir, measures, **options
    )
    job = dataclasses.replace(job, litertjs=litertjs)
    for writer in writers:
      writer.check_job(job)
    with publish.folder(to) as partial:
      artifacts = [one for writer in writers for one in writer.write(job, partial)]
      cases = reference.make(job.vae, **options)
      reference.save(cases, partial / reference.FILE)
      manifest.make(partial, job.name, artifacts, job.options["config_sha256"])
      report = verify.verify(partial)
      if report.breaches:
        raise ConfigError(f"Nothing was written, since {'; '.join(report.breaches)}.")
    return report


def job_of(
  workdir: str | os.PathLike,
  name: str | None = None,
  quantize: str = "none",
  max_nats: float = 1.0,
  batch_size: int = 1,
  data_dir: str | None = None,
  measures: bool = False,
  **options: int,
) -> formats.Job:
  """What is to be exported of a run; arguments as for `export`.

  Test data are read where numbers are quantized, or a format `measures` on them.

  Raises:
    ConfigError: There is no run in the folder, or no model in it.
  """
  folder = RunFolder(workdir)
  if name is not None:
    check_name(name)
  folder.check_is_run()
  config = configuration.from_json(folder.config)
  check_name(name := name or config.name)
  options["config_sha256"] = hashlib.sha256(folder.config.read_bytes()).hexdigest()
  vae, _ = trained_model(folder)
  return formats.Job(
    vae,
    name,
    quantize,
    **_data(vae, config, quantize, data_dir, measures),
    max_nats=max_nats,
    batch_size=batch_size,
    options=options,
  )


def _data(vae, config, quantize, data_dir, measures) -> dict[str, Any]:
  """The run's test and training data, those that are needed."""
  with config.unlocked():
    config.data_dir = data_dir or config.data_dir

  def first(split, most):
    source = build.dataset(config, split)
    return examples.take(vae, source, most, f"The {split} split of {config.dataset}")

  data = {}
  if measures or quantize != "none":
    data["test_data"] = first("test", judging.NUM_EXAMPLES)
  if quantize != "none":
    data["representative_data"] = first("train", quantization.NUM_REPRESENTATIVE)
  return data


@contextlib.contextmanager
def told_in_one_line() -> Iterator[None]:
  """Turns what a user can mend into a `ConfigError` of one line."""
  try:
    yield
  except ConfigError:
    raise
  except OSError as error:
    place = f"{error.filename}: " if error.filename else ""
    raise ConfigError(f"{place}{error.strerror or error}.") from error
  except tf.errors.OpError as error:  # a full disk, as TensorFlow tells it
    raise ConfigError(" ".join(error.message.split())) from error
  except (ValueError, ImportError, runtimes.RuntimeFailed) as error:
    raise ConfigError(" ".join(str(error).split())) from error
