"""Models to train: the variational auto-encoder, and what the paper compares it with."""

from aevb_tf.models.monitor import NonFiniteError
from aevb_tf.models.monte_carlo_em import MonteCarloEM
from aevb_tf.models.vae import VAE

__all__ = ["VAE", "MonteCarloEM", "NonFiniteError"]
