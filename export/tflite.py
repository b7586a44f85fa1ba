"""TFLite (LiteRT): one file for a phone, with every function and the weights once.

Only builtin operators are used, so that any LiteRT runtime can run it, and this is
checked. The batch is dynamic; for runtimes that need to know every shape (the browser,
some accelerators) `batch_size` fixes it. LiteRT has no assertions: `sample` takes the
nearest `num` that is allowed.

A function that would need an operator that LiteRT does not have is left out, and the
file's metadata say which and why.
"""

import os
import pathlib
import tempfile
from collections.abc import Sequence
from typing import Any

from aevb_tf.export import flatbuffer, metadata, publish, signatures
from aevb_tf.export.conversion import convert_what_converts
from aevb_tf.export.saved_model import write


def tflite(
  vae: Any,
  path: str | os.PathLike,
  batch_size: int | None = None,
  max_samples: int = signatures.MAX_SAMPLES,
  num_importance_samples: int = signatures.NUM_IMPORTANCE_SAMPLES,
  only: Sequence[str] | None = None,
  config_sha256: str | None = None,
) -> dict[str, Any]:
  """Exports a model as one `.tflite` file, which appears whole or not at all.

  Args:
    vae: A built `VAE`.
    path: The file to make. Never overwritten.
    batch_size: None for a dynamic batch, or its size.
    max_samples: The most that `sample` draws at once.
    num_importance_samples: K of `log_marginal`.
    only: The signatures to export; None for all. What they do not need is left out.
    config_sha256: Hash of the training config, for the metadata.

  Returns:
    The metadata that lie in the file.

  Raises:
    FileExistsError: There is something at `path`.
    ValueError: The model cannot be exported, or an argument is impossible.
  """
  asked = signatures.of(
    vae, max_samples, num_importance_samples, True, batch_size, only
  )
  with publish.file(path) as partial:
    with tempfile.TemporaryDirectory() as folder:
      frozen = write(vae, asked, pathlib.Path(folder), default=False)
      content, left_out = convert_what_converts(folder, frozen.functions)
    kept = {name: s for name, s in asked.items() if name not in left_out}
    told = metadata.of(
      vae,
      kept,
      frozen.functions,
      config_sha256,
      batch_size=batch_size,
      left_out=left_out,
    )
    partial.write_bytes(flatbuffer.with_metadata(content, told))
  return told
