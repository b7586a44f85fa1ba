"""Encoders and decoders: subclassed Keras models that return tensors.

An encoder returns the parameters of q(z|x), a decoder those of p(x|z).
`encoder.posterior(x)` and `decoder.likelihood(z)` return them as TFP distributions. You
can use your own `keras.Model` instead; see `aevb_tf/models/parts.py` for its output.
"""

from aevb_tf.networks.base import Decoder, Encoder
from aevb_tf.networks.conv import ConvDecoder, ConvEncoder
from aevb_tf.networks.mlp import MLPDecoder, MLPEncoder
from aevb_tf.networks.table import RowFeatures, TableEncoder

__all__ = [
  "ConvDecoder",
  "ConvEncoder",
  "Decoder",
  "Encoder",
  "MLPDecoder",
  "MLPEncoder",
  "RowFeatures",
  "TableEncoder",
]
