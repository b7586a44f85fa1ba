"""What a trained model answers besides samples and bounds.

AnomalyDetector   which examples are unlike those of training, with a threshold
scores            how strange an example is, in several ways
conformal         p-values that hold for any score
diagnose          what is wrong with a model, and what to try
sample_quality    precision and recall of samples, and whether they are copies
embed             the latents of examples
nearest           the examples whose latents are the nearest
cluster           clusters of latents
traverse          what one latent changes
interpolate       what lies between two latents
denoise           the clean example that a noisy one was
inpaint           what was not observed of an example
super_resolve     an image of a higher resolution
restoration       the noise models of these
"""

from aevb_tf.tasks import conformal, diagnosis, restoration, scores
from aevb_tf.tasks.anomalies import AnomalyDetector
from aevb_tf.tasks.diagnosis import diagnose
from aevb_tf.tasks.quality import SampleQuality, sample_quality
from aevb_tf.tasks.representation import cluster, embed, interpolate, nearest, traverse
from aevb_tf.tasks.restoration import denoise, inpaint, super_resolve

__all__ = [
  "AnomalyDetector",
  "SampleQuality",
  "cluster",
  "conformal",
  "denoise",
  "diagnose",
  "diagnosis",
  "embed",
  "inpaint",
  "interpolate",
  "nearest",
  "restoration",
  "sample_quality",
  "scores",
  "super_resolve",
  "traverse",
]
