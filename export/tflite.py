"""TFLite (LiteRT): one file for a phone, with every function, and the weights once.

Only builtin operators are used, so that any LiteRT runtime can run it, and this is
checked. The batch size is dynamic; for runtimes that need to know every shape (the
browser, some accelerators) `batch_size` fixes it. LiteRT has no assertions: `sample`
uses the nearest `num` that is allowed, and the outputs for an invalid condition are NaN.

A function that would need an operator that LiteRT does not have is left out, and the
file's metadata say which and why.

A quantized file (see `quantization.py`) is run in LiteRT before it appears, and refused
if the bound of test data changed too much.
"""

import os
import pathlib
import tempfile
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from aevb_tf import publish
from aevb_tf.export import (
  conversion,
  examples,
  flatbuffer,
  metadata,
  quantization,
  runtimes,
  signatures,
)
from aevb_tf.export.config import QUANTIZATION_KINDS, QuantizationKind
from aevb_tf.export.saved_model import write
from aevb_tf.registry import did_you_mean
from aevb_tf.types import Examples

MAX_NATS = 1.0
_NOTES = {
  "int8": "the layers of the networks are int8; noise and densities are float32",
  "dynamic": "weights are int8; noise and densities are float32",
  "float16": "weights are float16; everything is computed in float32",
}


def tflite(
  vae: signatures.Exportable,
  path: str | os.PathLike,
  quantize: QuantizationKind = "none",
  representative_data: Examples | None = None,
  test_data: Examples | None = None,
  max_nats: float | None = MAX_NATS,
  batch_size: int | None = None,
  max_samples: int = signatures.MAX_SAMPLES,
  num_importance_samples: int = signatures.NUM_IMPORTANCE_SAMPLES,
  only: Sequence[str] | None = None,
  config_sha256: str | None = None,
) -> dict[str, Any]:
  """Exports a model as one `.tflite` file, which appears whole or not at all.

  Args:
    vae: A built `VAE`, or an `AnomalyDetector` with a threshold, which adds the
      signature `anomaly`.
    path: The file to create. Never overwritten.
    quantize: `"none"`, `"float16"`, `"dynamic"` or `"int8"`.
    representative_data: For int8: a few hundred training examples, an array or batches;
      for a model with a condition, batches `(x, c)`.
    test_data: What a quantized file is judged on; `representative_data` by default.
      The first 1,000 examples are used.
    max_nats: How much the mean bound of the test data may change, in nats, either way;
      with infinity no file is refused, and the change is measured where it can be; with
      None it is not measured.
    batch_size: None for a dynamic batch size, or the size.
    max_samples: The most that `sample` draws at once.
    num_importance_samples: K of `log_marginal`.
    only: The signatures to export; None for all. The file has only what they need.
    config_sha256: Hash of the training config, for the metadata.

  Returns:
    The file's metadata.

  Raises:
    FileExistsError: There is something at `path`.
    ValueError: The model cannot be exported, an argument is out of range, or the bound
      changed too much; for int8 the message names the layer that loses most.
    RuntimeFailed: LiteRT is not installed, or cannot run the file.
  """
  exported = signatures.build(
    vae, max_samples, num_importance_samples, True, batch_size, only
  )
  test, representative = _data(
    signatures.model_of(vae),
    quantize,
    representative_data,
    test_data,
    max_nats,
    exported,
  )
  with publish.file(path) as partial, tempfile.TemporaryDirectory() as folder:
    frozen = write(vae, exported, pathlib.Path(folder), default=False)
    converted, left_out = quantization.quantize(
      quantize, folder, frozen.functions, representative, batch_size is not None
    )
    content = converted.file()
    conversion.check_builtins(content)
    summary: dict[str, Any] = {"kind": quantize}
    if quantize != "none":
      summary["note"] = _NOTES[quantize]
    if test is not None and max_nats is not None:
      if "elbo" not in left_out:
        summary |= quantization.judge(
          converted, content, frozen.functions, test, max_nats
        )
      elif max_nats < float("inf"):
        raise ValueError(
          f"quantize={quantize!r} is judged by the bound, and {left_out['elbo']}. To "
          "export the file without a check, pass max_nats=inf."
        )
    values = metadata.describe(
      vae,
      {name: s for name, s in exported.items() if name not in left_out},
      frozen.functions,
      config_sha256,
      batch_size=batch_size,
      left_out=left_out,
      quantization=summary,
    )
    partial.write_bytes(flatbuffer.with_metadata(content, values))
  return values


def _data(vae, quantize, representative_data, test_data, max_nats, exported):
  """The test data, and inputs for calibration; None if they are not needed."""
  if quantize not in QUANTIZATION_KINDS:
    raise ValueError(
      f"Unknown quantize={quantize!r}.{did_you_mean(quantize, QUANTIZATION_KINDS)}"
    )
  if quantize == "none":
    return None, None
  representative = None
  if quantize == "int8":
    if representative_data is None:
      raise ValueError(
        "quantize='int8' measures the ranges of activations: pass a few hundred "
        "training examples, representative_data=x."
      )
    most = quantization.NUM_REPRESENTATIVE
    taken = examples.take(vae, representative_data, most, "representative_data")
    q = vae.encode(taken.x, condition=taken.condition)
    rows = tf.range(taken.num)
    noise = vae.posterior_family.noise(0, rows, 1)
    z = vae.posterior_family.sample(q, noise)[0]
    representative = {**taken.inputs(), "z": z.numpy()}
  if max_nats is None:
    return None, representative
  data = representative_data if test_data is None else test_data
  if data is None or "elbo" not in exported:
    raise ValueError(
      f"quantize={quantize!r} is judged by the bound: pass test_data=x, and keep the "
      "signature 'elbo'; or pass max_nats=None to export the file without a check."
    )
  runtimes.check_installed("litert")
  most = quantization.NUM_EXAMPLES
  return examples.take(vae, data, most, "test_data"), representative
