"""Restoration of corrupted examples: noise, missing parts, low resolution.

denoise         E[x|y] of a noisy y, by a noise model
inpaint         what was not observed, given the rest
super_resolve   E[x|y] of an image y of lower resolution
noise           the noise models
"""

from aevb_tf.tasks.restoration import noise
from aevb_tf.tasks.restoration.restoring import (
  RestorationWarning,
  Restored,
  denoise,
  inpaint,
  super_resolve,
)

__all__ = [
  "RestorationWarning",
  "Restored",
  "denoise",
  "inpaint",
  "noise",
  "super_resolve",
]
