"""Publishes a model as the next version of what a server serves."""

import os
import pathlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from aevb_tf.export import png, signatures
from aevb_tf.export.saved_model import saved_model

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def check_name(name: str) -> None:
  """Raises a ValueError where a name cannot be part of a path or of an address."""
  if not _NAME.fullmatch(name):
    raise ValueError(
      f"name={name!r} has to be letters, digits, '-', '_' and '.', the first of them a "
      "letter or a digit."
    )


def serving_bundle(
  vae: Any,
  base_path: str | os.PathLike,
  name: str = "model",
  version: int | None = None,
  batching: bool = False,
  examples: np.ndarray | None = None,
  only: Sequence[str] | None = None,
  max_samples: int = signatures.MAX_SAMPLES,
  num_importance_samples: int = signatures.NUM_IMPORTANCE_SAMPLES,
  config_sha256: str | None = None,
) -> pathlib.Path:
  """Publishes a model at `base_path/name/version`, for TensorFlow Serving.

  The version appears whole, with requests to warm up with, and becomes the `canary`;
  a model's first version is `stable`, too. Files that start a server are written beside
  it unless they are there: `docker compose up` in `base_path` is the command.

  Args:
    vae: A built `VAE`.
    base_path: The folder of the server, of one model or of many.
    name: The model's name in requests.
    version: Its version; by default one more than the newest. Never overwritten.
    batching: Whether the server computes rows of concurrent requests together, in
      batches as large as a measurement here finds best; only for `encode`, `decode` and
      `reconstruct`, and then the model has no other signature.
    examples: Data to warm up with, float32 `[n, *event_shape]`; by default the model
      draws some.
    only: The signatures; None for all that there can be.
    max_samples: The most that `sample` draws in one request.
    num_importance_samples: K of `log_marginal`.
    config_sha256: Hash of the training config, for the metadata.

  Returns:
    The version's folder.

  Raises:
    FileExistsError: That version is there.
    ImportError: The extra `serving` is not installed.
    ValueError: The model cannot be exported, or an argument is impossible.
  """
  # Here, since they need what only this format needs.
  from aevb_tf.export.serving import batching as batches
  from aevb_tf.export.serving import deployment, labels, models_config, warmup

  check_name(name)
  if version is not None and version < 1:
    raise ValueError(f"version={version} has to be 1 or more.")
  only = _batchable(only, batches.ROW_WISE) if batching else only
  asked = png.of(vae, max_samples, num_importance_samples, only)
  requests = list(warmup.inputs(vae, asked, examples))

  def complete(folder):
    warmup.write(folder, name, requests)
    if batching:
      batches.write(folder, batches.measure(folder))

  with models_config.locked(base_path) as base:
    if version is None:
      version = max(labels.versions(base, name), default=0) + 1
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
    labels.published(base, name, version)
  return path


def _batchable(only, row_wise):
  chosen = row_wise if only is None else tuple(only)
  if seeded := sorted(set(chosen) - set(row_wise)):
    raise ValueError(
      f"{', '.join(seeded)}: one seed is for all rows of a request, so that requests "
      f"cannot be batched. Publish a model of its own with batching, of {row_wise}."
    )
  return chosen
