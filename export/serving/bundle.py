"""Publishes a model, or a bundle that was exported, as the next version on a server."""

import os
import pathlib
import re
import shutil
from collections.abc import Sequence

from aevb_tf import publish
from aevb_tf.export import manifest, png, signatures, verify
from aevb_tf.export.saved_model import saved_model
from aevb_tf.types import Examples

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def check_name(name: str) -> None:
  """Raises a ValueError if a name cannot be part of a path or of an address."""
  if not _NAME.fullmatch(name):
    raise ValueError(
      f"name={name!r} must be letters, digits, '-', '_' and '.', beginning with a "
      "letter or a digit."
    )


def serving_bundle(
  vae: signatures.Exportable,
  base_path: str | os.PathLike,
  name: str = "model",
  version: int | None = None,
  batching: bool = False,
  examples: Examples | None = None,
  only: Sequence[str] | None = None,
  max_samples: int = signatures.MAX_SAMPLES,
  num_importance_samples: int = signatures.NUM_IMPORTANCE_SAMPLES,
  config_sha256: str | None = None,
) -> pathlib.Path:
  """Publishes a model at `base_path/name/version`, for TensorFlow Serving.

  The version appears whole, with requests to warm up with, and becomes the `canary`;
  a model's first version is also `stable`. Files that start a server are written beside
  it if they are missing: `docker compose up` in `base_path` starts it.

  Args:
    vae: A built `VAE`, or an `AnomalyDetector` with a threshold, which adds the
      signature `anomaly`.
    base_path: The folder of the server, of one model or of many.
    name: The model's name in requests.
    version: Its version; by default one more than the newest. Never overwritten.
    batching: Whether the server computes rows of concurrent requests together, in
      batches of a size that is measured here; only for `encode`, `decode` and
      `reconstruct`, and then the model has no other signature.
    examples: Examples to warm up with, float32 `[n, *event_shape]`, or batches `(x, c)`
      for a model with a condition; by default the model draws some.
    only: The signatures; None for all.
    max_samples: The most that `sample` draws in one request.
    num_importance_samples: K of `log_marginal`.
    config_sha256: Hash of the training config, for the metadata.

  Returns:
    The version's folder.

  Raises:
    FileExistsError: The version exists.
    ImportError: The extra `serving` is not installed.
    ValueError: The model cannot be exported, or an argument is out of range.
  """
  # Here, since they need the extra `serving`.
  from aevb_tf.export.serving import batching as batches
  from aevb_tf.export.serving import deployment, models_config, warmup

  check_name(name)
  if version is not None and version < 1:
    raise ValueError(f"version={version} must be 1 or more.")
  only = _batchable(only, batches.ROW_WISE) if batching else only
  exported = png.build(vae, max_samples, num_importance_samples, only)
  requests = list(warmup.make_requests(signatures.model_of(vae), exported, examples))

  def complete(folder):
    warmup.write(folder, name, requests)
    if batching:
      batches.write(folder, batches.measure(folder))

  with models_config.locked(base_path) as base:
    if version is None:
      version = max(models_config.versions(base, name), default=0) + 1
    path = saved_model(
      vae,
      base / name / str(version),
      max_samples,
      num_importance_samples,
      only,
      config_sha256,
      also=complete,
    )
    deployment.write(base)
    models_config.make_canary(base, name, version)
  return path


def _batchable(only, row_wise):
  selected = row_wise if only is None else tuple(only)
  if seeded := sorted(set(selected) - set(row_wise)):
    raise ValueError(
      f"{', '.join(seeded)}: one seed is for all rows of a request, so that requests "
      f"cannot be batched. With batching publish a separate model of {row_wise}."
    )
  return selected


def publish_export(
  export: str | os.PathLike, base: str | os.PathLike, version: int | None = None
) -> pathlib.Path:
  """Publishes the bundle of an export as a version on a server.

  The whole export is verified first, and the copy is compared with the manifest before
  it appears. The version becomes the canary, as in `serving_bundle`.

  Args:
    export: What `aevb-export` wrote.
    base: The folder of the server.
    version: The version; by default one more than the newest. Never overwritten.

  Returns:
    The version's folder.

  Raises:
    FileExistsError: The version exists.
    ValueError: There is no bundle in the export, or something is wrong with it.
  """
  from aevb_tf.export.serving import deployment, models_config

  report = verify.verify(export)
  if report.breaches:
    raise ValueError(f"Nothing was published, since {'; '.join(report.breaches)}.")
  bundles = [a["path"] for a in report.manifest["artifacts"] if a["changing"]]
  if not bundles:
    raise ValueError(f"{export} was exported without --formats=serving.")
  (bundle,) = bundles
  name = pathlib.PurePath(bundle).parent.name
  with models_config.locked(base) as base:
    if version is None:
      version = max(models_config.versions(base, name), default=0) + 1
    path = base / name / str(version)
    with publish.folder(path) as partial:
      shutil.copytree(pathlib.Path(export, bundle), partial, dirs_exist_ok=True)
      _check_copy(partial, bundle, report.manifest["files"])
    deployment.write(base)
    models_config.make_canary(base, name, version)
  return path


def _check_copy(folder, bundle, files):
  prefix = f"{bundle}/"
  expected = {
    k.removeprefix(prefix): v for k, v in files.items() if k.startswith(prefix)
  }
  if faults := manifest.faults(folder, expected):
    path, fault = next(iter(faults.items()))
    raise ValueError(f"Nothing was published, since the copy of {path} is {fault}.")
