"""Overfitting: the bound of training examples minus that of test examples.

References:
  Wu, Burda, Salakhutdinov, Grosse. On the quantitative analysis of decoder-based
    generative models. arXiv:1611.04273.
"""

import numpy as np

from aevb_tf.tasks.diagnosis.context import Context, mean, standard_error
from aevb_tf.tasks.diagnosis.report import Finding

# The least difference that matters, in standard deviations of the bounds of examples.
_LEAST_EFFECT = 0.1
_ADVICE = (
  "Stop earlier, at the best bound of the test examples (early_stopping, restore_best); "
  "or use more data, smaller networks, or dropout."
)


def overfitting(context: Context) -> list[Finding]:
  """The difference of the mean bounds, nats per example, with its standard error."""
  elbo = {}
  splits = (context.train, context.test)
  for number, (name, split) in enumerate(zip(("train", "test"), splits, strict=True)):
    seed = context.draw(number)

    def bound(x, rows, seed=seed):
      return context.vae.bound_parts(x, seed, rows, training=False).elbo

    elbo[name] = context.over(split, bound)
    context.arrays[f"elbo_{name}"] = elbo[name]
  difference = mean(elbo["train"]) - mean(elbo["test"])
  error = float(np.hypot(standard_error(elbo["train"]), standard_error(elbo["test"])))
  spread = float(np.std(elbo["test"], dtype=np.float64))
  warns = difference > max(3 * error, _LEAST_EFFECT * spread)
  return [
    Finding(
      "overfitting",
      "elbo, train minus test",
      difference,
      "nats",
      error,
      "warn" if warns else "ok",
      f"It is {mean(elbo['train']):.2f} and {mean(elbo['test']):.2f}.",
      _ADVICE if warns else "",
    )
  ]
