"""Signatures for clients that send and receive PNG files, decoded in the graph.

    reconstruct_png   png_bytes        -> png_bytes
    sample_png        num, seed        -> png_bytes
    elbo_png          png_bytes, seed  -> elbo, kl, log_likelihood
    anomaly_png       png_bytes, seed  -> score, p_value, is_anomaly

If the model has a condition, `condition` is their last input. `png_bytes` is a string
`[batch]`, a PNG file each: over REST `{"b64": ...}`, as TensorFlow Serving writes every
output whose name ends in `_bytes`. Pixels are levels / 255; values outside of [0, 1] are
clipped. A model has these signatures if its data are
images of one or three channels, and only in a SavedModel: LiteRT does not decode images.
Each also needs the signature of the same name without `_png`.
"""

from collections.abc import Sequence

import tensorflow as tf

from aevb_tf.export import signatures
from aevb_tf.export.signatures import Signature

NAMES = ("reconstruct_png", "sample_png", "elbo_png", "anomaly_png")
_CHANNELS = (1, 3)


def build(
  vae: signatures.Exportable,
  max_samples: int = signatures.MAX_SAMPLES,
  num_importance_samples: int = signatures.NUM_IMPORTANCE_SAMPLES,
  only: Sequence[str] | None = None,
) -> dict[str, Signature]:
  """Builds the signatures of a SavedModel: those of every format, and with PNG files.

  Arguments and errors as for `signatures.build`.
  """
  built = signatures.build(vae, max_samples, num_importance_samples)
  shape = tuple(signatures.model_of(vae).event_shape)
  if len(shape) == 3 and shape[-1] in _CHANNELS:
    built |= _png_signatures(shape, built)
  return signatures.select(built, only)


def _png_signatures(shape, built):
  files = tf.TensorSpec((None,), tf.string, name="png_bytes")
  rows, columns, channels = shape
  input_doc = (
    f"PNG files of {columns} x {rows} pixels, " + {1: "grey", 3: "RGB"}[channels]
  )
  reconstruct, sample = built["reconstruct"], built["sample"]
  output_docs = {"png_bytes": "PNG files of the mean of p(x|z)"}

  def of_files(signature):
    """A signature of x whose outputs are numbers."""
    return Signature(
      f"{signature.name}_png",
      signature.doc,
      (files, *signature.inputs[1:]),
      (input_doc, *signature.input_docs[1:]),
      signature.output_docs,
      lambda png_bytes, *rest: signature.function(decode(png_bytes, shape), *rest),
    )

  return {
    signature.name: signature
    for signature in (
      Signature(
        "reconstruct_png",
        "The mean of p(x|z) at the point that stands for q(z|x), as images.",
        (files, *reconstruct.inputs[1:]),
        (input_doc, *reconstruct.input_docs[1:]),
        output_docs,
        lambda png_bytes, *condition: _encode(
          reconstruct.function(decode(png_bytes, shape), *condition)
        ),
      ),
      Signature(
        "sample_png",
        "Draws z from the prior, and the mean of p(x|z), as images.",
        sample.inputs,
        sample.input_docs,
        output_docs,
        lambda *inputs: _encode(sample.function(*inputs)),
      ),
      *(of_files(built[name]) for name in ("elbo", "anomaly") if name in built),
    )
  }


def decode(files: tf.Tensor, shape: Sequence[int]) -> tf.Tensor:
  """The pixels of PNG files.

  Args:
    files: string `[batch]`.
    shape: Rows, columns, channels.

  Returns:
    float32 `[batch, *shape]` in [0, 1].
  """

  def decode_file(file):
    image = tf.io.decode_png(file, channels=shape[-1])
    rows, columns = shape[:2]
    what = f"Images must be {columns} pixels wide and {rows} high, and one is"
    is_shape = tf.reduce_all(tf.shape(image)[:2] == [rows, columns])
    with tf.control_dependencies(
      [tf.debugging.Assert(is_shape, [what, tf.shape(image)[1], tf.shape(image)[0]])]
    ):
      return tf.ensure_shape(tf.identity(image), shape)

  levels = tf.map_fn(
    decode_file, files, fn_output_signature=tf.TensorSpec(shape, tf.uint8)
  )
  return tf.cast(levels, tf.float32) / 255.0


def _encode(answer):
  pixels = tf.clip_by_value(answer["x_mean"], 0.0, 1.0)
  levels = tf.cast(tf.round(255.0 * pixels), tf.uint8)
  files = tf.map_fn(tf.io.encode_png, levels, fn_output_signature=tf.string)
  return {"png_bytes": files}
