"""The metadata of an artifact, JSON that is stored in the artifact.

    format_version   1
    signatures       name -> doc, inputs and outputs: name, dtype, shape (-1 is the
                     batch) and a description
    event_shape      of one example;  latent_dim;  x_range, the range of pixels
    posterior, prior, likelihood
    schema           of a model of a table: the columns of x with their levels and units
    condition        of a model with a condition: its name and options, such as the names
                     of the classes, or the columns with their levels and units
    anomaly          of a detector: its score, the rate of false alarms, the number of
                     normal examples that set the threshold, and its seed
    config_sha256    of the training config; null if there was none
    versions         of this package and the packages that it computes with

and what one format adds. It holds neither times nor paths: equal exports have equal
metadata.
"""

import importlib.metadata
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from aevb_tf import version
from aevb_tf.export.frozen import ConcreteFunction
from aevb_tf.export.signatures import Exportable, ExportableModel, Signature, model_of
from aevb_tf.likelihoods.observed import complete_of
from aevb_tf.tasks import AnomalyDetector
from aevb_tf.tasks.scores.base import name_of

FORMAT_VERSION = 1
_PACKAGES = ("tensorflow", "keras", "tensorflow-probability")


def describe(
  vae: Exportable,
  signatures: Mapping[str, Signature],
  functions: Mapping[str, ConcreteFunction],
  config_sha256: str | None = None,
  **additional: Any,
) -> dict[str, Any]:
  """The metadata of an artifact.

  Args:
    vae: The model, or the detector.
    signatures: Its signatures.
    functions: Name to concrete function, with its outputs.
    config_sha256: Hash of the training config.
    **additional: What one format adds.

  Returns:
    What JSON can represent.
  """
  detected, vae = describe_detector(vae), model_of(vae)
  return {
    "format_version": FORMAT_VERSION,
    "signatures": {
      name: _describe_signature(signature, functions[name].structured_outputs)
      for name, signature in signatures.items()
    },
    "event_shape": list(vae.event_shape),
    "latent_dim": vae.latent_dim,
    "x_range": vae.likelihood_family.support,
    "posterior": vae.posterior_family.title,
    "prior": type(vae.prior).__name__,
    "likelihood": type(complete_of(vae.likelihood_family)).__name__,
    **({} if vae.schema is None else {"schema": vae.schema.to_dict()}),
    **describe_condition(vae),
    **detected,
    "config_sha256": config_sha256,
    "versions": versions(),
    **additional,
  }


def describe_condition(vae: ExportableModel) -> dict[str, Any]:
  """The entry `condition` of a model that has one; otherwise nothing."""
  return {} if vae.condition is None else {"condition": vae.condition.get_config()}


def describe_detector(vae: Exportable) -> dict[str, Any]:
  """The entry `anomaly` of a detector; nothing of a model."""
  if not isinstance(vae, AnomalyDetector):
    return {}
  return {
    "anomaly": {
      "score": name_of(vae.score),
      "false_alarm_rate": vae.false_alarm_rate,
      "num_calibration": 0 if vae.calibration is None else vae.calibration.shape[0],
      "seed": vae.seed,
    }
  }


def versions() -> dict[str, str]:
  """Versions of this package and of the packages that it computes with."""
  installed = {name: importlib.metadata.version(name) for name in _PACKAGES}
  return {"aevb_tf": version.__version__, **installed}


def _describe_signature(signature, outputs):
  inputs = zip(signature.inputs, signature.input_docs, strict=True)
  return {
    "doc": signature.doc,
    "inputs": {spec.name: _describe_tensor(spec, doc) for spec, doc in inputs},
    "outputs": {
      name: _describe_tensor(tensor, signature.output_doc(name))
      for name, tensor in sorted(outputs.items())
    },
  }


def _describe_tensor(tensor: tf.TensorSpec | tf.Tensor, doc: str) -> dict[str, Any]:
  shape = [-1 if size is None else size for size in tensor.shape]
  return {"dtype": tensor.dtype.name, "shape": shape, "doc": doc}
