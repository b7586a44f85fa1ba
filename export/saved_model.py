"""TensorFlow's SavedModel: for servers, for TensorFlow's C++ and Java, for Python.

    PATH/saved_model.pb, fingerprint.pb, variables/   as TensorFlow writes them
    PATH/assets.extra/aevb.json                       see `metadata`

Weights are stored once, and it holds no class of Keras or of this package: a process
loads it with TensorFlow alone,

    import tensorflow as tf
    sample = tf.saved_model.load(PATH).signatures["sample"]
    sample(num=tf.constant(16), seed=tf.constant([0, 7]))["x_mean"]

and with the C++ loader of TensorFlow Serving. `serving_default` is `reconstruct`.
"""

import collections
import contextlib
import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import absl.logging
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from aevb_tf import publish
from aevb_tf.export import metadata, png, signatures
from aevb_tf.export.frozen import Frozen

METADATA = pathlib.PurePath("assets.extra", "aevb.json")


def saved_model(
  vae: signatures.Exportable,
  path: str | os.PathLike,
  max_samples: int = signatures.MAX_SAMPLES,
  num_importance_samples: int = signatures.NUM_IMPORTANCE_SAMPLES,
  only: Sequence[str] | None = None,
  config_sha256: str | None = None,
  also: Callable[[pathlib.Path], None] | None = None,
) -> pathlib.Path:
  """Exports a model as a SavedModel, which appears at `path` whole or not at all.

  Args:
    vae: A built `VAE`, trained in any precision and under any strategy: the export
      computes in float32. An `AnomalyDetector` with a threshold is exported with its
      model, and adds the signature `anomaly`.
    path: The folder to create, `BASE/NAME/1` for a server. Never overwritten.
    max_samples: The most that `sample` draws in one request; a larger request fails
      with a message.
    num_importance_samples: K of `log_marginal`.
    only: The signatures to export; None for all.
    config_sha256: Hash of the training config, for the metadata.
    also: Called with the complete SavedModel before it appears, to add files.

  Returns:
    The folder.

  Raises:
    FileExistsError: There is something at `path`.
    ValueError: The model cannot be exported, or an argument is out of range.
  """
  exported = png.build(vae, max_samples, num_importance_samples, only)
  with publish.folder(path) as partial:
    frozen = write(vae, exported, partial)
    values = metadata.describe(vae, exported, frozen.functions, config_sha256)
    text = json.dumps(values, indent=2) + "\n"
    (partial / METADATA).parent.mkdir()
    (partial / METADATA).write_text(text, encoding="utf-8")
    if also is not None:
      also(partial)
  return pathlib.Path(path)


def write(
  vae: signatures.Exportable,
  exported: dict[str, signatures.Signature],
  folder: pathlib.Path,
  default: bool = True,
) -> Frozen:
  """Writes the SavedModel itself into a folder, in place.

  Args:
    vae: A built `VAE`, or an `AnomalyDetector`.
    exported: The signatures.
    folder: The folder.
    default: Whether to add `serving_default`, if `reconstruct` is exported.

  Returns:
    The module that was saved.
  """
  frozen = Frozen(vae, {name: (s.function, s.inputs) for name, s in exported.items()})
  served = dict(frozen.functions)
  if default and signatures.DEFAULT in served:
    key = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    served[key] = served[signatures.DEFAULT]
  # Gradients are for training; they would name functions by how many came before.
  options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
  tf.saved_model.save(frozen, os.fspath(folder), served, options)
  return frozen


@contextlib.contextmanager
def gradient_warning_ignored() -> Iterator[None]:
  """Inside, TensorFlow does not warn that a SavedModel was saved without gradients."""

  def is_another(record):
    return "unsaved custom gradients" not in record.getMessage()

  logger = absl.logging.get_absl_logger()
  logger.addFilter(is_another)
  try:
    yield
  finally:
    logger.removeFilter(is_another)


def load(folder: str | os.PathLike) -> Any:
  """Loads a SavedModel."""
  with gradient_warning_ignored():
    return tf.saved_model.load(os.fspath(folder))


def content_hashes(folder: str | os.PathLike) -> dict[str, str]:
  """Hashes that are equal for two exports of one model.

  `saved_model.pb` names functions by how many the process had traced before, so that
  its bytes differ; TensorFlow's own fingerprint of the graph does not depend on that.

  Args:
    folder: A SavedModel.

  Returns:
    `weights`, the hash of the variables' bytes, and `graph`, that of the functions and
    the signatures.
  """
  folder = pathlib.Path(folder)
  fingerprint = tf.saved_model.experimental.read_fingerprint(os.fspath(folder))
  parts = (fingerprint.graph_def_program_hash, fingerprint.signature_def_hash)
  weights = hashlib.sha256()
  for shard in sorted((folder / "variables").glob("variables.data-*")):
    weights.update(shard.read_bytes())
  return {
    "weights": weights.hexdigest(),
    "graph": "-".join(f"{part:016x}" for part in parts),
  }


def operators(folder: str | os.PathLike) -> dict[str, int]:
  """How often each operator of TensorFlow occurs.

  Args:
    folder: A SavedModel.

  Returns:
    Type to number, sorted.
  """
  content = pathlib.Path(folder, "saved_model.pb").read_bytes()
  (meta_graph,) = saved_model_pb2.SavedModel.FromString(content).meta_graphs
  graph = meta_graph.graph_def
  parts = (graph.node, *(function.node_def for function in graph.library.function))
  return dict(
    sorted(collections.Counter(node.op for part in parts for node in part).items())
  )
