"""What `fit` takes and what Keras is passed of it: its signature, and the data alone."""

import contextlib
import inspect
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.data import streams
from aevb_tf.loops import device_loop
from tests.models import paths
from tests.models.test_vae import digits
from tests.oracle import tiny_vae

X = digits(20)
METHODS = ["fit", "evaluate", "predict"]
METHODS += ["train_on_batch", "test_on_batch", "predict_on_batch"]
MODELS = [aevb.VAE, aevb.WakeSleep, aevb.FullVB, aevb.MonteCarloEM]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("method", METHODS)
def test_arguments_are_those_of_keras(method, model):
  def arguments(cls):
    parameters = inspect.signature(getattr(cls, method)).parameters.values()
    return [(p.name, p.default, p.kind) for p in parameters]

  assert arguments(model) == arguments(keras.Model)


@pytest.fixture(scope="module")
def vae():
  vae = tiny_vae()
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  return vae


def test_positional_arguments_mean_what_they_mean_in_keras(vae):
  history = vae.fit(X, None, 8, 2, 0)
  assert len(history.history["loss"]) == 2
  result = vae.evaluate(X, None, 8, 0, None, 1, None, True)
  alone = vae.evaluate(X[:8], batch_size=8, verbose=0, return_dict=True)
  assert result == alone
  assert isinstance(vae.train_on_batch(X, None, None, None, True), dict)
  assert isinstance(vae.test_on_batch(X, None, None, True), dict)
  np.testing.assert_array_equal(
    vae.predict(X, 8, 0, 1), vae.predict(X[:8], batch_size=8, verbose=0)
  )


@pytest.mark.parametrize("way", ["array", "tensor", "ArrayDataset"])
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_steps_beyond_the_data_count_no_example_twice(way, vae):
  given = paths.GIVEN[way](paths.Examples(X))
  once = vae.evaluate(**given, verbose=0)
  with pytest.warns(UserWarning, match="ran out of data"):
    assert vae.evaluate(**given, steps=7, verbose=0) == once
  for steps in (None, 7):
    data = aevb.data.ArrayDataset(X, batch_size=8)
    logs = vae.fit(
      X, validation_data=data, validation_steps=steps, epochs=2, verbose=0
    ).history
    assert logs["val_loss"] == [once[-1]] * 2


def passed_to_keras(vae, monkeypatch, **given):
  """The arguments of `keras.Model.fit` in a call of `vae.fit`."""
  captured = {}
  by_keras = keras.Model.fit

  def fit(self, *args, **kwargs):
    captured.update(inspect.signature(by_keras).bind(self, *args, **kwargs).arguments)
    return by_keras(self, *args, **kwargs)

  monkeypatch.setattr(keras.Model, "fit", fit)
  vae.fit(**given, verbose=0)
  return captured


def elements(data):
  """All x of a data set that has an end."""
  if isinstance(data, tf.data.Dataset):
    assert data.cardinality() != tf.data.INFINITE_CARDINALITY
    batches = list(data)
  else:
    batches = [data[i] for i in range(len(data))]
  xs = [batch[0] if isinstance(batch, (tuple, list)) else batch for batch in batches]
  return np.concatenate([np.asarray(x) for x in xs])


def test_keras_is_passed_the_array_itself(vae, monkeypatch):
  given = passed_to_keras(vae, monkeypatch, x=X, batch_size=8)
  assert given["x"] is X and given["batch_size"] == 8
  assert given.get("y") is None and given.get("sample_weight") is None


def test_keras_is_passed_the_array_its_labels_and_its_weights(vae, monkeypatch):
  labels, weights = np.arange(20), np.linspace(0, 1, 20, dtype=np.float32)
  given = passed_to_keras(vae, monkeypatch, x=X, y=labels, sample_weight=weights)
  np.testing.assert_array_equal(given["x"], X)
  np.testing.assert_array_equal(given["y"], labels)
  np.testing.assert_array_equal(given["sample_weight"], weights)


@pytest.mark.parametrize("way", ["ArrayDataset", "tf.data", "PyDataset"])
def test_keras_is_passed_a_data_set_that_ends(way, vae, monkeypatch):
  data = paths.GIVEN[way](paths.Examples(X))
  given = passed_to_keras(vae, monkeypatch, **data)
  np.testing.assert_allclose(elements(given["x"]), X)


def test_keras_is_passed_the_training_part_of_a_split(vae, monkeypatch):
  given = passed_to_keras(vae, monkeypatch, x=X, validation_split=0.25)
  np.testing.assert_array_equal(given["x"], X[:15])


def test_validation_data_have_an_end(vae, monkeypatch):
  given = passed_to_keras(vae, monkeypatch, x=X, validation_data=X[:9], batch_size=4)
  data = given["validation_data"]
  np.testing.assert_array_equal(
    elements(data) if not isinstance(data, tuple) else data[0], X[:9]
  )


def test_a_tool_that_wraps_fit_counts_the_epochs(vae):
  seen = []

  class Count(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
      seen.append(self.params["steps"])

  for way in ("array", "ArrayDataset", "tf.data", "PyDataset"):
    paths.TRAIN[way](vae, paths.Examples(X), callbacks=[Count()])
  assert seen == [3] * 4


# What is often tried, and cannot work.
REFUSED = {
  "a list of arrays": (list(X), r"x is a list of 20: .* np.stack\(x\)"),
  "a dict": ({"image": X}, "x is a dict with the keys 'image'"),
  "numbers": (X[:, 0, 0, 0], r"x has shape \[20\]"),
  "no examples": (X[:0], "at least one example"),
  "strings": (np.full((20, 4, 3, 1), "a"), "a model takes numbers"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
def test_data_of_another_kind_are_refused(method, kind, vae):
  x, message = REFUSED[kind]
  with pytest.raises((TypeError, ValueError), match=message):
    getattr(vae, method)(x, verbose=0)


def test_streams_of_dicts_are_refused(vae):
  data = tf.data.Dataset.from_tensor_slices({"image": X}).batch(8)
  for method in ("fit", "evaluate", "predict"):
    with pytest.raises(TypeError, match=r'element\["image"\].*pairs of x and c'):
      getattr(vae, method)(data, verbose=0)


def test_a_data_set_is_not_a_batch(vae):
  data = tf.data.Dataset.from_tensor_slices(X).batch(8)
  for method in ("train_on_batch", "test_on_batch"):
    with pytest.raises(TypeError, match="give one batch"):
      getattr(vae, method)(data)


@pytest.mark.parametrize("path", ["array", "tf.data", "PyDataset"])
def test_data_far_from_the_decoder_are_named_once(path):
  vae = tiny_vae("gaussian")
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  with pytest.warns(UserWarning, match="the data are far") as record:
    paths.TRAIN[path](vae, paths.Examples(1000 * X), epochs=2)
  assert len(record) == 1
  with warnings.catch_warnings():
    warnings.simplefilter("error")
    paths.TRAIN[path](vae, paths.Examples(1000 * X))  # not its first update


@pytest.mark.parametrize("path", ["array", "tf.data", "PyDataset"])
def test_data_that_are_scaled_are_not_named(path):
  vae = tiny_vae("gaussian")
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  with warnings.catch_warnings():
    warnings.simplefilter("error")
    paths.TRAIN[path](vae, paths.Examples(X))


COLOURS = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 3), np.uint8)


def _of_colours(model=aevb.VAE):
  keras.utils.set_random_seed(0)
  vae = model(
    aevb.networks.MLPEncoder(2, (3,)), aevb.networks.MLPDecoder((4, 4, 3), (3,)), seed=0
  )
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  return vae


@pytest.mark.parametrize("kind", ["array", "uint8", "float"])
def test_colours_of_bernoulli_pixels_are_warned_of_once(kind):
  data = {
    "array": np.float32(COLOURS) / 255,
    "uint8": aevb.data.ArrayDataset(COLOURS, batch_size=10),
    "float": aevb.data.ArrayDataset(np.float32(COLOURS) / 255, batch_size=10),
  }[kind]
  vae = _of_colours()
  validation = (data, None) if kind == "array" else data
  with pytest.warns(UserWarning, match="colour images.*'gaussian'") as record:
    vae.fit(data, validation_data=validation, epochs=2, verbose=0)
    vae.evaluate(data, verbose=0)
  assert len(record) == 1


GREY = np.float32(COLOURS) / 255
STREAMS = {
  "tf.data": lambda: tf.data.Dataset.from_tensor_slices(GREY).batch(8),
  "PyDataset": lambda: paths.Batches(paths.Examples(GREY)),
  "weights": lambda: paths.Batches(paths.Examples(GREY, None, np.ones(20))),
  "pieces": lambda: streams.from_arrays(
    COLOURS, np.zeros(20, np.int32), streams.Options(8, False, 0, "none", False)
  ),
}


@pytest.mark.parametrize("is_spread", [False, True])
@pytest.mark.parametrize("kind", STREAMS)
def test_colours_of_a_stream_are_warned_of_once(kind, is_spread):
  strategy = contextlib.nullcontext()
  if is_spread:
    strategy = tf.distribute.MirroredStrategy(["CPU:0"]).scope()
  with strategy:
    vae = _of_colours()
  data = STREAMS[kind]()
  with pytest.warns(UserWarning, match="colour images.*'gaussian'") as record:
    vae.fit(data, validation_data=data, epochs=2, verbose=0)
    vae.evaluate(data, verbose=0)
  assert len(record) == 1


@pytest.mark.parametrize("kind", STREAMS)
def test_colours_of_a_stream_are_warned_of_in_an_evaluation(kind):
  vae = _of_colours()
  with pytest.warns(UserWarning, match="colour images.*'gaussian'") as record:
    for _ in range(2):
      vae.evaluate(STREAMS[kind](), verbose=0)
  assert len(record) == 1


@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_colours_of_arrays_too_large_for_the_device_are_warned_of_once(
  shuffle, monkeypatch
):
  if shuffle is True:
    monkeypatch.setattr(device_loop, "_MOST_RESIDENT_BYTES", 1)
  vae = _of_colours()
  with pytest.warns(UserWarning, match="colour images.*'gaussian'") as record:
    vae.fit(GREY, validation_data=(GREY, None), epochs=2, shuffle=shuffle, verbose=0)
    vae.evaluate(GREY, verbose=0)
  assert len(record) == 1


@pytest.mark.parametrize("method", ["train_on_batch", "test_on_batch"])
def test_colours_of_a_batch_are_warned_of_once(method):
  vae = _of_colours()
  with pytest.warns(UserWarning, match="colour images.*'gaussian'") as record:
    for _ in range(2):
      getattr(vae, method)(GREY)
  assert len(record) == 1


def test_colours_that_are_targets_are_warned_of():
  bits = np.float32(GREY > 0.5)
  vae = _of_colours()
  vae.fit(tf.data.Dataset.from_tensors((GREY, bits)), verbose=0)
  with pytest.warns(UserWarning, match="colour images.*'gaussian'"):
    vae.fit(tf.data.Dataset.from_tensors((bits, GREY)), verbose=0)


class NotLookedAt(aevb.VAE):
  def check_batch(self, data):
    pass


@pytest.mark.parametrize("steps_per_execution", [1, 2, 9])
@pytest.mark.filterwarnings("ignore:The data are colour images")
def test_the_first_batch_is_looked_at_as_it_passes(steps_per_execution):
  """The data are opened once an epoch, nothing is traced twice, and steps are the same."""

  def fit(model):
    opened, traced = [], []

    class Traced(model):
      def train_step(self, data):
        traced.append(1)
        return super().train_step(data)

    def examples():
      opened.append(1)
      yield from GREY

    spec = tf.TensorSpec((4, 4, 3))
    data = tf.data.Dataset.from_generator(examples, output_signature=spec).batch(8)
    data = data.apply(tf.data.experimental.assert_cardinality(3))
    vae = _of_colours(Traced)
    vae.compile(keras.optimizers.SGD(1e-3), steps_per_execution=steps_per_execution)
    logs = vae.fit(data, epochs=2, verbose=0).history
    return logs, len(opened), len(traced), [v.numpy() for v in vae.variables]

  *expected, variables = fit(NotLookedAt)
  *found, others = fit(aevb.VAE)
  assert found == expected and found[1] == 2
  for value, other in zip(variables, others, strict=True):
    np.testing.assert_array_equal(value, other)


@pytest.mark.parametrize("bits", ["fixed", "stochastic"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_what_is_warned_of_are_examples_as_the_model_gets_them(bits, dtype):
  x = COLOURS if dtype == "uint8" else np.float32(COLOURS) / 255
  data = aevb.data.ArrayDataset(x, batch_size=10, binarization=bits)
  _of_colours().fit(data, verbose=0)  # binary: a warning would be an error
  grey = tiny_vae(likelihood="categorical")
  grey.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  levels = aevb.data.ArrayDataset(np.uint8(255 * X), binarization=bits)
  with pytest.warns(UserWarning, match="only 0 and 1.*'bernoulli'"):
    grey.fit(levels, verbose=0)


@pytest.mark.parametrize("likelihood", ["bernoulli", "categorical"])
@pytest.mark.parametrize("path", ["array", "tf.data"])
def test_levels_of_an_array_are_numbers_and_out_of_range(path, likelihood):
  """Only a data set of the package scales uint8; other levels reach up to 255."""
  levels = (X * 200).astype(np.uint8)
  levels[0] = 255
  vae = tiny_vae(likelihood=likelihood)
  vae.compile(keras.optimizers.SGD(0.0))
  data = levels
  span = "reach from 0 to 255"
  if path == "tf.data":
    data, span = tf.data.Dataset.from_tensor_slices(levels).batch(8), "out of range"
  for method in ("fit", "evaluate"):
    with pytest.raises(ValueError, match=f"{span}.*Divide 8-bit levels by 255"):
      getattr(vae, method)(data, verbose=0)
  vae.fit(aevb.data.ArrayDataset(levels, batch_size=8), verbose=0)  # divides by 255


# Methods that take examples, and the forms in which these may be given.
ON_A_LIST = ["encode", "reconstruct", "elbo", "log_marginal", "kl_per_dimension"]
ON_A_TENSOR = ["__call__", *METHODS, *ON_A_LIST]
FORMS = [
  *((np.asarray, method) for method in ON_A_TENSOR),
  *((tf.constant, method) for method in ON_A_TENSOR),
  *((list, method) for method in ON_A_LIST),
]


@pytest.mark.parametrize("form, method", FORMS)
def test_no_method_takes_levels_that_are_not_scaled(form, method, vae):
  levels = np.full((4, *X.shape[1:]), 255, np.uint8)
  with pytest.raises(ValueError, match="reach from 255 to 255.*Divide 8-bit levels"):
    getattr(vae, method)(form(levels))
  getattr(vae, method)(form(levels // 255))  # in the support


class Levels(keras.utils.PyDataset):
  """One batch."""

  def __init__(self, x):
    super().__init__()
    self.x = x

  def __len__(self):
    return 1

  def __getitem__(self, index):
    return self.x, np.zeros(len(self.x))


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_levels_of_a_stream_are_checked_before_they_are_reconstructed(
  likelihood, eager
):
  vae = tiny_vae(likelihood=likelihood)
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=eager)
  levels = np.full((4, *X.shape[1:]), 255, np.uint8)
  for form in (lambda x: tf.data.Dataset.from_tensors(x), Levels):
    if likelihood == "gaussian":  # which can score them
      expected = vae.reconstruct(levels)
      np.testing.assert_allclose(vae.predict(form(levels), verbose=0), expected, 1e-5)
      continue
    with pytest.raises(ValueError, match="The data .*Divide 8-bit levels by 255"):
      vae.predict(form(levels), verbose=0)
    vae.predict(form(levels // 255), verbose=0)


def test_levels_are_checked_in_a_graph_of_the_user(vae):
  levels = np.full((4, *X.shape[1:]), 255, np.uint8)
  mean = tf.function(lambda x: vae.encode(x).mean())
  with pytest.raises(tf.errors.InvalidArgumentError, match="Divide 8-bit levels"):
    mean(levels)
  np.testing.assert_allclose(mean(levels // 255), vae.encode(levels // 255).mean())


def test_levels_that_are_not_scored_are_checked_too(vae):
  levels = np.full((4, *X.shape[1:]), 255, np.uint8)
  for method in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
    with pytest.raises(ValueError, match="reach from 255 to 255.*Divide 8-bit levels"):
      getattr(vae, method)(levels, X[:4])


@pytest.mark.parametrize("method", ["fit", "predict", "encode"])
def test_levels_are_checked_once(method, monkeypatch):
  vae = tiny_vae(likelihood="categorical")
  vae.compile(keras.optimizers.SGD(0.0))
  calls = []
  check = aevb.likelihoods.Categorical.check_support
  monkeypatch.setattr(
    aevb.likelihoods.Categorical,
    "check_support",
    lambda self, x: calls.append(x) or check(self, x),
  )
  with pytest.warns(UserWarning, match="hold only 0 and 1") as record:
    getattr(vae, method)((X > 0.5).astype(np.uint8))
  assert len(record) == len(calls) == 1


def test_a_part_of_a_data_set_cannot_be_split_off(vae):
  for data in (
    tf.data.Dataset.from_tensor_slices(X).batch(8),
    aevb.data.ArrayDataset(X, batch_size=8),
  ):
    with pytest.raises(ValueError, match="pass it as validation_data"):
      vae.fit(data, validation_split=0.2, verbose=0)


def test_answers_are_for_arrays(vae):
  for data in (
    tf.data.Dataset.from_tensor_slices(X).batch(8),
    aevb.data.ArrayDataset(X, batch_size=8),
  ):
    with pytest.raises(TypeError, match="x is a data set: give one batch"):
      vae.reconstruct(data)


def test_latents_of_another_shape_are_called_latents(vae):
  vae.build((None, *X.shape[1:]))
  with pytest.raises(ValueError, match=r"^The latents have shape \(7,\), .*\(2,\)"):
    vae.decode(np.zeros((3, 7)))
