"""What a trained model answers besides samples and bounds.

AnomalyDetector   which examples are unlike those of training, with a threshold
scores            how strange an example is, in several ways
conformal         p-values that hold for any score
"""

from aevb_tf.tasks import conformal, scores
from aevb_tf.tasks.anomalies import AnomalyDetector

__all__ = ["AnomalyDetector", "conformal", "scores"]
