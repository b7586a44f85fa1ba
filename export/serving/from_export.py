"""Publishes what `aevb-export --formats=serving` wrote, where a server is running."""

import os
import pathlib
import shutil

from aevb_tf.export import manifest, publish, verify
from aevb_tf.export.serving import deployment, labels, models_config


def from_export(
  export: str | os.PathLike, base: str | os.PathLike, version: int | None = None
) -> pathlib.Path:
  """Publishes the bundle of an export as a version of what a server serves.

  The export is verified first, all of it, and what was copied is compared with the
  manifest before it appears. The version becomes the canary, as in `serving_bundle`.

  Args:
    export: What `aevb-export` wrote.
    base: The folder of the server.
    version: The version; by default one more than the newest. Never overwritten.

  Returns:
    The version's folder.

  Raises:
    FileExistsError: That version is there.
    ValueError: There is no bundle in the export, or something is wrong with it.
  """
  report = verify.verify(export)
  if report.breaches:
    raise ValueError(f"Nothing was published, since {'; '.join(report.breaches)}.")
  bundles = [a["path"] for a in report.manifest["artifacts"] if a["changing"]]
  if not bundles:
    raise ValueError(f"{export} was exported without --formats=serving.")
  (place,) = bundles
  name = pathlib.PurePath(place).parent.name
  with models_config.locked(base) as base:
    if version is None:
      version = max(labels.versions(base, name), default=0) + 1
    path = base / name / str(version)
    with publish.folder(path) as partial:
      shutil.copytree(pathlib.Path(export, place), partial, dirs_exist_ok=True)
      _compare(partial, place, report.manifest["files"])
    deployment.write(base)
    labels.published(base, name, version)
  return path


def _compare(folder, place, files):
  prefix = f"{place}/"
  expected = {
    k.removeprefix(prefix): v for k, v in files.items() if k.startswith(prefix)
  }
  if faults := manifest.faults(folder, {"files": expected}):
    path, fault = next(iter(faults.items()))
    raise ValueError(f"Nothing was published, since the copy of {path} is {fault}.")
