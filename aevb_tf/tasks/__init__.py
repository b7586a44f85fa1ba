"""What a trained model answers besides samples and bounds.

AnomalyDetector   which examples are unlike those of training, with a threshold
scores            how strange an example is, in several ways
conformal         p-values that hold for any score
diagnose          what is wrong with a model, and what to try
embed             the latents of examples
nearest           the examples whose latents are the nearest
cluster           clusters of latents
traverse          what one latent changes
interpolate       what lies between two latents
"""

from aevb_tf.tasks import conformal, diagnosis, scores
from aevb_tf.tasks.anomalies import AnomalyDetector
from aevb_tf.tasks.diagnosis import diagnose
from aevb_tf.tasks.representation import cluster, embed, interpolate, nearest, traverse

__all__ = [
  "AnomalyDetector",
  "cluster",
  "conformal",
  "diagnose",
  "diagnosis",
  "embed",
  "interpolate",
  "nearest",
  "scores",
  "traverse",
]
