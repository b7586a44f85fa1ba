"""Diagnosis of a trained model: one report on what is wrong, and what to try.

    report = vae.diagnose(x_train, x_test, seed=0)
    print(report)
    report.save("diagnosis")

| check        | what it finds                                                    | examples |
|--------------|------------------------------------------------------------------|----------|
| `overfitting`| the bound of training minus that of test examples                | both     |
| `collapse`   | the number of active latents, and the KL of each                 | test     |
| `aggregate`  | I(x; z), and the KL of the aggregate posterior to the prior: holes | training |
| `calibration`| a posterior predictive check of p(x\\|z)                          | test     |
| `coverage`   | how many values lie in intervals of p(x\\|z)                      | test     |
| `gradients`  | noise of the gradient due to z, and due to the minibatch          | training |
| `gaps`       | amortization and approximation gap, reliability of log p(x)       | test     |

The last two take the most time. A check that does not apply to a model is listed in
`report.refused`, with the reason.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from aevb_tf import checks as arguments
from aevb_tf import random
from aevb_tf.evidence.estimation import check_built, check_has_encoder
from aevb_tf.random import Purpose
from aevb_tf.tasks.diagnosis.aggregate import aggregate
from aevb_tf.tasks.diagnosis.calibration import coverage, predictive_check
from aevb_tf.tasks.diagnosis.collapse import ACTIVE_VARIANCE, collapse
from aevb_tf.tasks.diagnosis.context import Context, Refused, sampled
from aevb_tf.tasks.diagnosis.gradients import gradient_noise
from aevb_tf.tasks.diagnosis.inference import gaps
from aevb_tf.tasks.diagnosis.overfitting import overfitting
from aevb_tf.tasks.diagnosis.report import Diagnosis, Finding
from aevb_tf.types import Examples, Seed

# In order; the seed of a check depends on its place.
_CHECKS: dict[str, Callable[[Context], list[Finding]]] = {
  "overfitting": overfitting,
  "collapse": collapse,
  "aggregate": aggregate,
  "calibration": predictive_check,
  "coverage": coverage,
  "gradients": gradient_noise,
  "gaps": gaps,
}
CHECKS = tuple(_CHECKS)
# Those that take a few seconds.
QUICK = CHECKS[:5]

__all__ = ["ACTIVE_VARIANCE", "CHECKS", "QUICK", "Diagnosis", "Finding", "diagnose"]


def diagnose(
  vae: Any,
  x_train: Examples,
  x_test: Examples,
  num_examples: int = 1000,
  num_refined: int = 32,
  checks: Sequence[str] = CHECKS,
  seed: Seed | None = None,
  condition_train: Any = None,
  condition_test: Any = None,
  batch_size: int | None = None,
) -> Diagnosis:
  """Looks for what is wrong with a trained model; see the module's docstring.

  Args:
    vae: A built model with an encoder: `VAE`, `WakeSleep`, `FullVB`, `SemiSupervisedVAE`.
    x_train: Examples of training, `[n, *event_shape]`; or batches `x` or `(x, y)`, such
      as the result of `aevb_tf.data.load`.
    x_test: Examples that were not trained on, in the same form.
    num_examples: Largest number of examples of each: a random sample of an array or an
      `ArrayDataset`, or the first of other batches, such as a stream.
    num_refined: Number of test examples for the check `gaps`.
    checks: Names of the checks to run, in any order.
    seed: An int or a pair of int32; None uses a random one. The findings of a check do
      not depend on the other checks.
    condition_train: c of each training example, or one for all, if the model has a
      condition; None takes the y of the batches.
    condition_test: c of the test examples.
    batch_size: Examples at once; None chooses one that fits into memory.

  Returns:
    A `Diagnosis`.

  Raises:
    ValueError: The model has no encoder or is not built, an argument is out of range, or
      the examples do not fit the model.
  """
  check_has_encoder(vae)
  check_built(vae)
  for name in checks:
    arguments.one_of("checks", name, CHECKS)
  num = arguments.positive_int("num_examples", num_examples)
  num_refined = max(2, arguments.positive_int("num_refined", num_refined))
  seed = random.request_seed(seed)
  of_train, of_test = (
    random.derive(seed, Purpose.DIAGNOSED_DRAW, number) for number in (0, 1)
  )
  train = sampled(vae, x_train, condition_train, num, of_train, "x_train")
  test = sampled(vae, x_test, condition_test, num, of_test, "x_test")
  findings: list[Finding] = []
  refused: dict[str, str] = {}
  arrays: dict[str, np.ndarray] = {}
  for number, (name, check) in enumerate(_CHECKS.items()):
    if name not in checks:
      continue
    own = random.derive(seed, Purpose.DIAGNOSE, number)
    context = Context(vae, train, test, num_refined, batch_size, own, arrays)
    try:
      findings += check(context)
    except Refused as error:
      refused[name] = str(error)
  return Diagnosis(tuple(findings), refused, len(train), len(test), arrays)
