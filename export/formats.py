"""The formats of an export, by name: what `--formats` lists.

A format writes its artifacts into a folder, and says which runtimes run them, so that
they are verified like all others:

    @register("my_format")
    class MyFormat(Format):
      def write(self, job, folder):
        ...
        return [Artifact("my_file", ("litert",))]
"""

import dataclasses
import pathlib
from typing import Any

import numpy as np

from aevb_tf.export import flatbuffer, publish, runtimes
from aevb_tf.export.saved_model import content_hashes, operators, saved_model
from aevb_tf.export.serving.bundle import serving_bundle
from aevb_tf.export.tflite import tflite
from aevb_tf.export.web import folder as page
from aevb_tf.registry import Registry

_registry = Registry("export format")
register = _registry.register
get = _registry.get
names = _registry.names


@dataclasses.dataclass(frozen=True)
class Job:
  """What is to be exported, and how.

  Attributes:
    vae: The model.
    name: What the export is called; the stem of file names.
    quantize: As in `tflite`.
    representative_data: As in `tflite`, or None.
    test_data: As in `tflite`, or None.
    max_nats: As in `tflite`.
    batch_size: The batch of files that fix it.
    litertjs: As in `web`.
    options: `max_samples`, `num_importance_samples` and `config_sha256`, of all formats.
  """

  vae: Any
  name: str
  quantize: str = "none"
  representative_data: np.ndarray | None = None
  test_data: np.ndarray | None = None
  max_nats: float | None = None
  batch_size: int = 1
  litertjs: str | None = None
  options: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Artifact:
  """A file or folder that a runtime can load.

  Attributes:
    path: Where it lies in the export.
    runtimes: Names in `runtimes.RUNTIMES`.
    quantize: How its numbers are stored.
    batch_size: Its fixed batch, or None.
    told: More about it for the manifest.
    changing: Files beside it that commands of ours rewrite: `models.config`s.
  """

  path: str
  runtimes: tuple[str, ...]
  quantize: str = "none"
  batch_size: int | None = None
  told: dict[str, Any] = dataclasses.field(default_factory=dict)
  changing: tuple[str, ...] = ()


class Format:
  """Base of the formats.

  Attributes:
    measures: Whether it measures something on the run's test data.
  """

  measures = False

  def check(self) -> None:
    """Raises an ImportError or RuntimeFailed where what it needs is not installed."""

  def check_job(self, job: Job) -> None:
    """Raises a ValueError where this model cannot be exported in this format."""

  def write(self, job: Job, folder: pathlib.Path) -> list[Artifact]:
    """Writes a model.

    Args:
      job: What to export.
      folder: Where to.

    Returns:
      What was written.

    Raises:
      ValueError: The model cannot be exported in this format.
    """
    raise TypeError(f"{type(self).__name__} has to define `write(job, folder)`.")


@register("saved_model")
class SavedModel(Format):
  """One SavedModel, `saved_model/`, always in float32."""

  def write(self, job: Job, folder: pathlib.Path) -> list[Artifact]:
    return [
      _loadable(saved_model(job.vae, folder / "saved_model", **job.options), folder)
    ]


def _loadable(path, folder):
  """A SavedModel as an artifact."""
  told = {"content": content_hashes(path), "operators": operators(path)}
  place = path.relative_to(folder).as_posix()
  return Artifact(place, ("tensorflow", "tensorflow_c"), told=told)


@register("tflite")
class TFLite(Format):
  """Two files: `NAME.tflite`, and `NAME_batchN.tflite` of a fixed batch."""

  def check(self) -> None:
    """LiteRT runs what was converted."""
    runtimes.check_installed("litert")

  def write(self, job: Job, folder: pathlib.Path) -> list[Artifact]:
    fixed = f"{job.name}_batch{job.batch_size}.tflite"
    return [
      self._one(job, folder / f"{job.name}.tflite", None),
      self._one(job, folder / fixed, job.batch_size),
    ]

  def _one(self, job, path, batch_size):
    told = tflite(
      job.vae,
      path,
      job.quantize,
      job.representative_data,
      job.test_data,
      job.max_nats,
      batch_size,
      **job.options,
    )
    more = {key: told[key] for key in ("quantization", "left_out")}
    more["operators"] = flatbuffer.operators(path.read_bytes())
    return Artifact(path.name, ("litert",), job.quantize, batch_size, more)


@register("serving")
class Serving(Format):
  """What TensorFlow Serving's stock image serves, `serving/`; see `serving_bundle`."""

  def check(self) -> None:
    """TensorFlow Serving's messages are an extra."""
    from aevb_tf.export.serving import protos  # noqa: F401

  def write(self, job: Job, folder: pathlib.Path) -> list[Artifact]:
    from aevb_tf.export.serving import models_config

    base = folder / "serving"
    path = serving_bundle(job.vae, base, name=job.name, **job.options)
    (base / publish.LOCK).unlink()  # nobody else was there
    labels = f"{base.name}/{models_config.FILE}"
    return [dataclasses.replace(_loadable(path, folder), changing=(labels,))]


@register("web")
class Web(Format):
  """A page that runs the model in the browser, `web/`, always in float32."""

  measures = True

  def check(self) -> None:
    """LiteRT runs the file of the page, too."""
    runtimes.check_installed("litert")

  def check_job(self, job: Job) -> None:
    page.check(job.vae, litertjs=job.litertjs)

  def write(self, job: Job, folder: pathlib.Path) -> list[Artifact]:
    base = folder / "web"
    told = page.web(
      job.vae,
      base,
      data=job.test_data,
      name=job.name,
      litertjs=job.litertjs,
      config_sha256=job.options.get("config_sha256"),
    )
    path = base / page.MODEL
    more = {
      "left_out": told["left_out"],
      "operators": flatbuffer.operators(path.read_bytes()),
    }
    place = path.relative_to(folder).as_posix()
    return [Artifact(place, ("litert", "chromium"), batch_size=1, told=more)]
