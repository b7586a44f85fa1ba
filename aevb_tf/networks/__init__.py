"""Encoders and decoders: subclassed Keras models that return tensors.

An encoder's output is the parameters of q(z|x), a decoder's those of p(x|z);
`encoder.posterior(x)` and `decoder.likelihood(z)` read them as TFP distributions.
Your own `keras.Model` fits in their place: `aevb_tf/models/parts.py` has what it gives.
"""

from aevb_tf.networks.base import Decoder, Encoder
from aevb_tf.networks.conv import ConvDecoder, ConvEncoder
from aevb_tf.networks.mlp import MLPDecoder, MLPEncoder

__all__ = [
  "ConvDecoder",
  "ConvEncoder",
  "Decoder",
  "Encoder",
  "MLPDecoder",
  "MLPEncoder",
]
