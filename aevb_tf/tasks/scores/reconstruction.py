"""The score of how badly an example is reconstructed."""

import tensorflow as tf

from aevb_tf.protocols import ModelOfExamples
from aevb_tf.tasks.scores.base import Score, register


@register("reconstruction")
class Reconstruction(Score):
  """The squared error of the reconstruction, summed over observed features.

  Its parts of features are a map of what the model did not expect. It fails for simple
  examples, which are reconstructed well although they are strange, and if the latents
  are so many that anything is. Not for tables with columns of levels.
  """

  def check(self, model: ModelOfExamples) -> None:
    schema = getattr(model, "schema", None)
    coded = [c.name for c in schema.modelled if c.levels] if schema else []
    if coded:
      raise ValueError(
        f"Column {coded[0]!r} has levels, which have no squared error: use score='elbo'."
      )

  def scores(
    self, model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
  ) -> tf.Tensor:
    parts = self.of_features(model, x, seed, rows)
    return tf.reduce_sum(tf.reshape(parts, [tf.shape(x)[0], -1]), axis=1)

  def of_features(
    self, model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
  ) -> tf.Tensor:
    z = model.posterior_family.point_estimate(model.encode(x))
    error = tf.math.squared_difference(x, model.point_estimate(model.decode(z)))
    return tf.where(tf.math.is_nan(x), 0.0, error)
