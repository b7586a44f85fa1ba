"""The condition of the batch that a model computes with.

A model's `encode`, `decode` and conditional prior read it, so that bounds, estimators of
the evidence and imputers need not pass it on. It belongs to a thread, and a compiled
function takes it as one of its inputs (`evidence.compiled`, `models.answers`).
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

_thread = threading.local()


@contextlib.contextmanager
def given(model: object, features: tf.Tensor | None) -> Iterator[None]:
  """In this context, the model computes with the condition of a batch.

  Args:
    model: The model.
    features: What its networks see of c, float32 `[batch, *features_shape]`; None leaves
      the condition as it is.
  """
  if features is None:
    yield
    return
  before = getattr(_thread, "conditions", ())
  _thread.conditions = (*before, (model, features))
  try:
    yield
  finally:
    _thread.conditions = before


def of_examples(model: Any, condition: Any, num: int) -> tf.Tensor | None:
  """The condition of `num` examples, as the networks see it.

  Args:
    model: A model, which need not know of conditions.
    condition: That of each example, or one for all; None takes the current one.
    num: Number of examples.

  Returns:
    float32 `[num, *features_shape]`; None if the model has no condition.

  Raises:
    ValueError: The model has no condition, or needs one, or it is invalid.
  """
  if condition is None and getattr(model, "condition", None) is None:
    return None
  features = model.condition_features(condition, num)
  features = current(model) if features is None else features
  if features is not None and features.shape[0] not in (None, num):
    raise ValueError(
      f"There are {num} examples, and conditions of {features.shape[0]}: give one for each."
    )
  return features


def current(model: object) -> tf.Tensor | None:
  """The innermost condition that was given to the model, or None."""
  for owner, features in reversed(getattr(_thread, "conditions", ())):
    if owner is model:
      if tf.is_symbolic_tensor(features) or tf.executing_eagerly():
        return features
      # A graph would keep the numbers of its first call.
      raise ValueError(
        "A condition was given outside of a tf.function, or for `predict`: pass it within, "
        "as an argument condition=."
      )
  return None
