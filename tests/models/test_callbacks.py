"""Callbacks are called as by a plain Keras model, whatever way they have their hooks."""

import keras
import numpy as np
import pytest

from tests.models import paths
from tests.models.test_vae import digits
from tests.oracle import tiny_vae

X, VALIDATION = digits(28), digits(12)
HOOKS = [
  f"on_{place}_{time}"
  for place in ("train_batch", "test_batch", "batch", "epoch", "train", "test")
  for time in ("begin", "end")
]


def overriding(*hooks):
  """A callback whose class overrides hooks; its calls are in `calls`."""

  def hook(name):
    return lambda self, *args, **_: self.calls.append((name, *_numbers(args)))

  def init(self):
    keras.callbacks.Callback.__init__(self)
    self.calls = []

  members = {name: hook(name) for name in hooks} | {"__init__": init}
  return type("Overriding", (keras.callbacks.Callback,), members)()


def with_hooks_of_its_own(*hooks):
  """A callback whose hooks are set on the object, as tqdm's and LambdaCallback's are."""
  callback = keras.callbacks.Callback()
  callback.calls = []
  for name in hooks:

    def hook(*args, name=name, **_):
      callback.calls.append((name, *_numbers(args)))

    setattr(callback, name, hook)
  return callback


def by_lambda(*hooks):
  calls = []

  def hook(name):
    return lambda number, logs: calls.append((name, number))

  callback = keras.callbacks.LambdaCallback(**{name: hook(name) for name in hooks})
  callback.calls = calls
  return callback


def _numbers(args):
  return [number for number in args if isinstance(number, int)]


KINDS = {
  "every hook of the class": lambda: overriding(*HOOKS),
  "on_batch_end of the class": lambda: overriding("on_batch_end"),
  "on_test_batch_end of the class": lambda: overriding("on_test_batch_end"),
  "every hook of the object": lambda: with_hooks_of_its_own(*HOOKS),
  "on_train_batch_end of the object": lambda: with_hooks_of_its_own(
    "on_train_batch_end"
  ),
  "LambdaCallback": lambda: by_lambda("on_train_batch_end", "on_epoch_end"),
}


def plain():
  model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
  return model, {"loss": "mse", "optimizer": "sgd"}


def ours():
  return tiny_vae(), {"optimizer": keras.optimizers.SGD(0.0)}


def calls_of(make, kind, run, **options):
  model, arguments = make()
  model.compile(**arguments, run_eagerly=True, **options)
  callback = KINDS[kind]()
  run(model, callback)
  return callback.calls


def fitted(model, callback):
  model.fit(
    X,
    np.zeros(len(X)),
    batch_size=8,
    epochs=1,
    validation_data=(VALIDATION, np.zeros(len(VALIDATION))),
    callbacks=[callback],
    verbose=0,
  )


def evaluated(model, callback):
  y = np.zeros(len(X))
  model.evaluate(X, y, batch_size=8, callbacks=[callback], verbose=0)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_fit_calls_as_a_plain_model_does(kind, steps):
  given = (kind, fitted)
  expected = calls_of(plain, *given, steps_per_execution=steps)
  assert calls_of(ours, *given, steps_per_execution=steps) == expected
  assert expected


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize(
  "kind", ["every hook of the class", "every hook of the object"]
)
def test_evaluate_calls_as_a_plain_model_does(kind, steps):
  given = (kind, evaluated)
  expected = calls_of(plain, *given, steps_per_execution=steps)
  assert calls_of(ours, *given, steps_per_execution=steps) == expected
  assert expected


def test_without_such_callbacks_a_call_has_many_steps():
  vae = tiny_vae()
  vae.compile("adam", run_eagerly=True)
  calls = []
  vae.make_train_function()
  train = vae.train_function
  vae.train_function = lambda iterator: calls.append(1) or train(iterator)
  vae.fit(X, batch_size=8, epochs=2, callbacks=[overriding("on_epoch_end")], verbose=0)
  assert len(calls) == 2


@pytest.mark.parametrize("path", ["array", "ArrayDataset", "tf.data"])
def test_logs_of_each_batch_are_the_means_so_far(path):
  vae = tiny_vae()
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  examples = paths.Examples(X)
  elbos = [np.mean(parts.elbo) for parts in paths.training_parts(vae, examples)]
  sizes = [len(batch[0]) for batch in examples.batches()]
  logged = []
  callback = keras.callbacks.LambdaCallback(
    on_train_batch_end=lambda batch, logs: logged.append(float(logs["elbo"]))
  )
  paths.TRAIN[path](vae, examples, callbacks=[callback])
  expected = np.cumsum(np.multiply(elbos, sizes)) / np.cumsum(sizes)
  np.testing.assert_allclose(logged, expected, rtol=1e-5)


def improving():
  """A model that learns for certain in its first epochs."""
  vae = tiny_vae()
  vae.compile(keras.optimizers.Adam(0.05), run_eagerly=True)
  return vae


@pytest.mark.parametrize("monitor", ["val_elbo", "elbo"])
def test_a_bound_that_grows_is_taken_for_an_improvement(monitor, tmp_path):
  path = tmp_path / "{epoch}.weights.h5"
  options = {"save_best_only": True, "save_weights_only": True}
  vae = improving()
  history = vae.fit(
    X,
    batch_size=14,
    epochs=3,
    validation_data=X,
    callbacks=[
      keras.callbacks.EarlyStopping(monitor, patience=1),
      keras.callbacks.ReduceLROnPlateau(monitor, patience=1),
      keras.callbacks.ModelCheckpoint(path, monitor=monitor, **options),
    ],
    verbose=0,
  ).history
  values = history[monitor]
  assert np.all(np.diff(values) > 0)  # the case that is meant
  assert len(values) == 3
  np.testing.assert_allclose(history["learning_rate"], [0.05] * 3)
  assert len(list(tmp_path.iterdir())) == 3


def test_a_mode_that_is_given_is_kept():
  callback = keras.callbacks.EarlyStopping("val_elbo", mode="min", patience=0)
  vae = improving()
  options = {"batch_size": 14, "validation_data": X, "verbose": 0}
  history = vae.fit(X, epochs=4, callbacks=[callback], **options).history
  assert len(history["elbo"]) == 2
