"""What an artifact says of itself: JSON that lies inside each of them.

    format_version   1
    signatures       name -> doc, inputs and outputs: name, dtype, shape (-1 is the
                     batch) and what each is
    event_shape      of one datum;  latent_dim;  x_range, what pixels have to be
    posterior, prior, likelihood
    config_sha256    of the training config; null where there was none
    versions         of this package and those that it computes with

and what one format adds. There is no time and no place in it: equal exports say the
same.
"""

import importlib.metadata
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from aevb_tf import version
from aevb_tf.export.signatures import Signature

FORMAT_VERSION = 1
_PACKAGES = ("tensorflow", "keras", "tensorflow-probability")


def of(
  vae: Any,
  signatures: Mapping[str, Signature],
  functions: Mapping[str, Any],
  config_sha256: str | None = None,
  **more: Any,
) -> dict[str, Any]:
  """The metadata of an artifact.

  Args:
    vae: The model.
    signatures: What it answers.
    functions: Name to concrete function, which knows its outputs.
    config_sha256: Hash of the training config.
    **more: What one format adds.

  Returns:
    What JSON can hold.
  """
  return {
    "format_version": FORMAT_VERSION,
    "signatures": {
      name: _describe(signature, functions[name].structured_outputs)
      for name, signature in signatures.items()
    },
    "event_shape": list(vae.event_shape),
    "latent_dim": vae.latent_dim,
    "x_range": vae.likelihood_family.support,
    "posterior": vae.posterior_family.title,
    "prior": type(vae.prior).__name__,
    "likelihood": type(vae.likelihood_family).__name__,
    "config_sha256": config_sha256,
    "versions": versions(),
    **more,
  }


def versions() -> dict[str, str]:
  """Versions of this package and of those that it computes with."""
  installed = {name: importlib.metadata.version(name) for name in _PACKAGES}
  return {"aevb_tf": version.__version__, **installed}


def _describe(signature, outputs):
  inputs = zip(signature.inputs, signature.input_docs, strict=True)
  return {
    "doc": signature.doc,
    "inputs": {spec.name: _tensor(spec, doc) for spec, doc in inputs},
    "outputs": {
      name: _tensor(tensor, signature.output_doc(name))
      for name, tensor in sorted(outputs.items())
    },
  }


def _tensor(tensor: tf.TensorSpec | tf.Tensor, doc: str) -> dict[str, Any]:
  shape = [-1 if size is None else size for size in tensor.shape]
  return {"dtype": tensor.dtype.name, "shape": shape, "doc": doc}
