"""What is used of Keras that Keras does not promise to keep, by name."""

import inspect

import keras
import pytest

_GONE = (
  "Keras {} has no {}: aevb_tf uses it {}. Find what took its place, and say so in "
  "aevb_tf/loops/__init__.py."
)


def _model():
  model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
  model.compile("sgd", "mse")
  return model


@pytest.mark.parametrize(
  ("name", "use"),
  [
    ("_compile_metrics", "to see whether metrics were passed to compile"),
    ("_get_call_context", "to collect the losses of layers"),
    ("_maybe_reset_call_context", "to collect the losses of layers"),
    ("_flatten_layers", "to find the layers of a network"),
  ],
)
def test_models_have_it(name, use):
  assert hasattr(_model(), name), _GONE.format(keras.__version__, name, use)


def test_validation_in_fit_keeps_an_iterator():
  model, seen = _model(), []

  class Look(keras.callbacks.Callback):
    def on_test_begin(self, logs=None):
      seen.append(getattr(model, "_eval_epoch_iterator", None))

  x = keras.ops.zeros((2, 1))
  model.fit(x, x, validation_data=(x, x), verbose=0, callbacks=[Look()])
  use = "to give validation the user's steps_per_execution"
  gone = _GONE.format(keras.__version__, "_eval_epoch_iterator", use)
  assert seen[0] is not None, gone
  assert hasattr(seen[0], "steps_per_execution"), gone
  assert "_use_cached_eval_dataset" in inspect.getsource(keras.Model.fit), gone


def test_stateless_scopes_can_be_seen():
  name = "keras.src.backend.common.stateless_scope.in_stateless_scope"
  use = "to see whether Keras traces a function"
  try:
    from keras.src.backend.common.stateless_scope import in_stateless_scope
  except ImportError:
    pytest.fail(_GONE.format(keras.__version__, name, use))
  assert not in_stateless_scope()
  with keras.StatelessScope():
    assert in_stateless_scope()
