"""Auto-Encoding Variational Bayes for TensorFlow and Keras.

    import aevb_tf as aevb
    vae = aevb.VAE(aevb.networks.MLPEncoder(20), aevb.networks.MLPDecoder((28, 28, 1)))
    vae.compile("adam")
    vae.fit(aevb.data.load("digits"), epochs=10)

References:
  Kingma, Welling. Auto-encoding variational Bayes. arXiv:1312.6114.
"""

from aevb_tf import (
  bounds,
  data,
  evidence,
  likelihoods,
  networks,
  posteriors,
  priors,
  random,
)
from aevb_tf.models import VAE, NonFiniteError
from aevb_tf.saving import load
from aevb_tf.version import __version__

__all__ = [
  "VAE",
  "NonFiniteError",
  "__version__",
  "bounds",
  "data",
  "evidence",
  "likelihoods",
  "load",
  "networks",
  "posteriors",
  "priors",
  "random",
]
