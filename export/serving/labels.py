"""Which version answers: labels that move, versions that come and go.

    published     canary -> the new version; a model's first version is stable, too
    promote       stable -> canary's version;  previous -> what was stable
    rollback      stable -> previous's version, which has no label then
    prune         removes old versions that have no label

A label is a name in `models.config` that requests may ask for in place of a version.
All three stay loaded, so that a rollback takes a poll of that file, and no loading.
"""

import os
import pathlib
import shutil
from typing import Any

from aevb_tf.export.serving import models_config
from aevb_tf.registry import did_you_mean

STABLE, CANARY, PREVIOUS = "stable", "canary", "previous"


def versions(base: str | os.PathLike, name: str) -> list[int]:
  """The versions of a model that are there, oldest first."""
  folder = pathlib.Path(base, name)
  found = folder.iterdir() if folder.is_dir() else ()
  return sorted(int(path.name) for path in found if path.name.isdecimal())


def published(base: str | os.PathLike, name: str, version: int) -> dict[str, int]:
  """Makes a version that was just published the canary; call it inside of `locked`."""
  config = models_config.read(base)
  entry = models_config.model(config, name) or models_config.add_model(config, name)
  entry.version_labels[CANARY] = version
  if STABLE not in entry.version_labels:
    entry.version_labels[STABLE] = version
  models_config.write(base, config)
  return dict(entry.version_labels)


def promote(
  base: str | os.PathLike, name: str, version: int | None = None, label: str = STABLE
) -> dict[str, int]:
  """Moves a label to a version.

  Args:
    base: The folder.
    name: The model.
    version: The version; by default that of the canary.
    label: The label; where `stable` was before is kept as `previous`.

  Returns:
    All labels of the model: name to version.

  Raises:
    ValueError: There is no such model or version, or the label is there already.
  """
  with models_config.locked(base):
    config, labels = _labels(base, name)
    if version is None:
      version = labels.get(CANARY)
    if version is None:
      raise ValueError(f"{name} has no canary; say which version to promote.")
    _check_version(base, name, version)
    if labels.get(label) == version:
      raise ValueError(f"Version {version} of {name} is {label} already.")
    if label == STABLE and STABLE in labels:
      labels[PREVIOUS] = labels[STABLE]
    labels[label] = version
    models_config.write(base, config)
    return dict(labels)


def rollback(
  base: str | os.PathLike, name: str, version: int | None = None
) -> dict[str, int]:
  """Moves `stable` back to where it was before the last promotion.

  Args:
    base: The folder.
    name: The model.
    version: The version; by default the previous one.

  Returns:
    All labels of the model: name to version.

  Raises:
    ValueError: There is no such model or version, or nothing to go back to.
  """
  with models_config.locked(base):
    config, labels = _labels(base, name)
    if version is None:
      version = labels.get(PREVIOUS)
    if version is None:
      raise ValueError(f"{name} has no previous version; say which one to go back to.")
    _check_version(base, name, version)
    if labels.get(STABLE) == version:
      raise ValueError(f"Version {version} of {name} is stable already.")
    labels[STABLE] = version
    # To go back again would be to go forward.
    labels.pop(PREVIOUS, None)
    models_config.write(base, config)
    return dict(labels)


def prune(base: str | os.PathLike, name: str, keep: int = 3) -> list[int]:
  """Removes all but the newest versions and those that have a label.

  A version is renamed to a name that no server loads before its files go.

  Args:
    base: The folder.
    name: The model.
    keep: How many of the newest to keep, 1 or more.

  Returns:
    The versions that were removed, oldest first.

  Raises:
    ValueError: There is no such model, or `keep` is not positive.
  """
  if keep < 1:
    raise ValueError(f"keep={keep} has to be 1 or more.")
  with models_config.locked(base):
    _, labels = _labels(base, name)
    kept = {*versions(base, name)[-keep:], *labels.values()}
    removed = [version for version in versions(base, name) if version not in kept]
    for version in removed:
      hidden = pathlib.Path(base, name, f".removed-{version}")
      os.rename(pathlib.Path(base, name, str(version)), hidden)
    # What an earlier prune was killed over goes, too.
    for hidden in pathlib.Path(base, name).glob(".removed-*"):
      shutil.rmtree(hidden)
    return removed


def check(base: str | os.PathLike) -> None:
  """Raises a ValueError where a label is on a version that is not there."""
  for entry in models_config.read(base).model_config_list.config:
    for label, version in sorted(entry.version_labels.items()):
      if version not in versions(base, entry.name):
        raise ValueError(f"{label} is version {version}, which is not there")


def _labels(base, name) -> tuple[Any, Any]:
  if not pathlib.Path(base, models_config.FILE).exists():
    raise ValueError(
      f"{base} has no {models_config.FILE}: nothing was published there."
    )
  config = models_config.read(base)
  entry = models_config.model(config, name)
  if entry is None:
    known = [entry.name for entry in config.model_config_list.config]
    raise ValueError(f"There is no model {name!r}.{did_you_mean(name, known)}")
  return config, entry.version_labels


def _check_version(base, name, version):
  there = versions(base, name)
  if version not in there:
    raise ValueError(f"{name} has no version {version}; there are {there}.")
