"""The formats of an export, by name: what `--formats` lists.

A format writes its artifacts into a folder, and names the runtimes that run them, so
that they are verified like all others:

    @register("my_format")
    class MyFormat(Format):
      def write(self, job, folder):
        ...
        return [Artifact("my_file", ("litert",))]

Add its name to `config.FORMATS` too, since `--help` does not load TensorFlow.
"""

import dataclasses
import pathlib
from typing import Any

from aevb_tf import publish
from aevb_tf.export import flatbuffer, runtimes
from aevb_tf.export.config import ExportConfig
from aevb_tf.export.examples import Taken
from aevb_tf.export.manifest import Artifact
from aevb_tf.export.saved_model import content_hashes, operators, saved_model
from aevb_tf.export.serving.bundle import serving_bundle
from aevb_tf.export.signatures import Exportable
from aevb_tf.export.tflite import tflite
from aevb_tf.export.web import folder as page
from aevb_tf.registry import Registry

# The runtimes that run a SavedModel.
SAVED_MODEL_RUNTIMES: tuple[str, ...] = ("tensorflow",)


@dataclasses.dataclass(frozen=True)
class Job:
  """A model to export.

  Attributes:
    vae: The model, or the detector with it.
    name: Name of the export; the stem of file names.
    config: How to export it.
    config_sha256: Hash of the training config.
    test_data: Examples of the test split, or None.
    representative_data: Examples of the training split, or None.
  """

  vae: Exportable
  name: str
  config: ExportConfig
  config_sha256: str
  test_data: Taken | None = None
  representative_data: Taken | None = None

  @property
  def options(self) -> dict[str, Any]:
    """The arguments that the functions of all formats take."""
    return {
      "max_samples": self.config.max_samples,
      "num_importance_samples": self.config.num_importance_samples,
      "config_sha256": self.config_sha256,
    }


class Format:
  """Base of the formats.

  Attributes:
    measures: Whether it measures something on the run's test data.
  """

  measures = False

  def check(self) -> None:
    """Raises an ImportError or RuntimeFailed if a package it needs is not installed."""

  def check_job(self, job: Job) -> None:
    """Raises a ValueError if this model cannot be exported in this format."""

  def write(self, job: Job, folder: pathlib.Path) -> list[Artifact]:
    """Writes a model.

    Args:
      job: What to export.
      folder: The folder to write to.

    Returns:
      What was written.

    Raises:
      ValueError: The model cannot be exported in this format.
    """
    raise TypeError(f"{type(self).__name__} must define `write(job, folder)`.")


_registry: Registry[Format] = Registry("export format")
register = _registry.register
get = _registry.get
names = _registry.names


@register("saved_model")
class SavedModel(Format):
  """One SavedModel, `saved_model/`, always in float32."""

  def write(self, job: Job, folder: pathlib.Path) -> list[Artifact]:
    path = saved_model(job.vae, folder / "saved_model", **job.options)
    return [_saved_model_artifact(path, folder)]


def _saved_model_artifact(path, folder, changing=()):
  return Artifact(
    path.relative_to(folder).as_posix(),
    SAVED_MODEL_RUNTIMES,
    details={"content": content_hashes(path), "operators": operators(path)},
    changing=changing,
  )


@register("tflite")
class TFLite(Format):
  """Two files: `NAME.tflite`, and `NAME_batchN.tflite` with a fixed batch."""

  def check(self) -> None:
    """LiteRT runs the converted files."""
    runtimes.check_installed("litert")

  def write(self, job: Job, folder: pathlib.Path) -> list[Artifact]:
    size = job.config.batch_size
    return [
      self._write_file(job, folder / f"{job.name}.tflite", None),
      self._write_file(job, folder / f"{job.name}_batch{size}.tflite", size),
    ]

  def _write_file(self, job, path, batch_size):
    metadata = tflite(
      job.vae,
      path,
      job.config.quantize,
      job.representative_data,
      job.test_data,
      job.config.max_nats,
      batch_size,
      **job.options,
    )
    details = {key: metadata[key] for key in ("quantization", "left_out")}
    details["operators"] = flatbuffer.operators(path.read_bytes())
    return Artifact(path.name, ("litert",), job.config.quantize, batch_size, details)


@register("serving")
class Serving(Format):
  """The folder that TensorFlow Serving's stock image serves; see `serving_bundle`."""

  def check(self) -> None:
    """TensorFlow Serving's messages are an extra."""
    from aevb_tf.export.client import messages  # noqa: F401

  def write(self, job: Job, folder: pathlib.Path) -> list[Artifact]:
    from aevb_tf.export.serving import models_config

    base = folder / "serving"
    path = serving_bundle(job.vae, base, name=job.name, **job.options)
    (base / publish.LOCK).unlink()  # no other process uses this folder
    changing = (f"{base.name}/{models_config.FILE}",)
    return [_saved_model_artifact(path, folder, changing)]


@register("web")
class Web(Format):
  """A page that runs the model in the browser, `web/`, always in float32."""

  measures = True

  def check(self) -> None:
    """LiteRT also runs the page's file."""
    runtimes.check_installed("litert")

  def check_job(self, job: Job) -> None:
    page.check(job.vae, litertjs=job.config.litertjs)

  def write(self, job: Job, folder: pathlib.Path) -> list[Artifact]:
    base = folder / "web"
    about = page.web(
      job.vae,
      base,
      data=job.test_data,
      name=job.name,
      litertjs=job.config.litertjs,
      config_sha256=job.config_sha256,
    )
    path = base / page.MODEL
    details = {
      "left_out": about["left_out"],
      "operators": flatbuffer.operators(path.read_bytes()),
    }
    return [
      Artifact(
        path.relative_to(folder).as_posix(),
        ("litert", "chromium"),
        batch_size=1,
        details=details,
      )
    ]
