"""Models to train: the variational auto-encoder."""

from aevb_tf.models.monitor import NonFiniteError
from aevb_tf.models.vae import VAE

__all__ = ["VAE", "NonFiniteError"]
