"""Evidence without XLA, for claims that are not about compiled code."""

import contextlib
import functools

import pytest

from aevb_tf.evidence import annealed, importance, posterior_density
from aevb_tf.evidence.compiled import compiled
from aevb_tf.tasks.restoration import restoring


@contextlib.contextmanager
def without_xla():
  """Inside, and in a test that it decorates, estimators run as plain graphs.

  Small estimates take less time than their compilation.
  """
  with pytest.MonkeyPatch.context() as patch:
    for module in (annealed, importance, posterior_density, restoring):
      patch.setattr(module, "compiled", functools.partial(compiled, jit=False))
    yield
