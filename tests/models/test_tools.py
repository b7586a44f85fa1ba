"""What tools and pipelines around Keras do with a model, and what users pass to it."""

import threading
from concurrent import futures

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from tests.oracle import tiny_vae


def images(n=20):
  return (np.random.default_rng(0).random((n, 4, 3, 1)) > 0.5).astype(np.float32)


def compiled(**options):
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(2, hidden_units=(8,)),
    aevb.networks.MLPDecoder((4, 3, 1), hidden_units=(8,)),
    seed=0,
  )
  vae.compile("adam", **options)
  return vae


@pytest.mark.parametrize("steps", [None, 3, 7])
def test_autologging_can_read_all_that_fit_is_given(steps, monkeypatch):
  """Tools replace `keras.Model.fit`, and read its first argument to its end."""
  fit, seen = keras.Model.fit, []

  def logged_fit(model, x, *args, **kwargs):
    seen.append(sum(1 for _ in x))
    return fit(model, x, *args, **kwargs)

  monkeypatch.setattr(keras.Model, "fit", logged_fit)
  vae, x = compiled(), images()
  vae.fit(x, batch_size=5, epochs=2, steps_per_epoch=steps, verbose=0)
  assert seen == [steps or len(x)]
  assert int(vae.updates) == 2 * (steps or 4)


class LateBar(keras.callbacks.Callback):
  """Makes its hook when an epoch begins, as tqdm's progress bar does."""

  def __init__(self):
    super().__init__()
    self.batches = []

  def on_epoch_begin(self, epoch, logs=None):
    self.on_batch_end = lambda batch, logs=None: self.batches.append(batch)

  @staticmethod
  def _implements_train_batch_hooks():
    return True


def test_a_callback_that_makes_its_hook_late_sees_every_batch():
  bar = LateBar()
  compiled().fit(images(), batch_size=5, verbose=0, callbacks=[bar])
  assert bar.batches == [0, 1, 2, 3]


class Sparse:
  """A stand-in for a SciPy matrix."""

  nnz = 3

  def toarray(self):
    return images()


MISTAKES = {
  "none": (None, "is None"),
  "path": ("faces.npz", "aevb_tf.data.load"),
  "dict": ({"image": images()}, "dict with the keys 'image'"),
  "sparse matrix": (Sparse(), "toarray"),
  "sparse tensor": (tf.sparse.from_dense(images()), "to_dense"),
  "ragged tensor": (tf.ragged.constant([[1.0, 2.0], [3.0]]), "to_tensor"),
  "text": (np.full((3, 4, 3, 1), "a"), "takes numbers"),
  "complex": (images().astype(complex), "takes numbers"),
  "complex tensor": (tf.cast(images(), tf.complex64), "takes numbers"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_door_says_what_cannot_be_data(mistake):
  vae = compiled()
  x, message = MISTAKES[mistake]
  for door in (
    vae.fit,
    vae.evaluate,
    vae.predict,
    vae.train_on_batch,
    vae.elbo,
    vae.encode,
  ):
    with pytest.raises(TypeError, match=message) as caught:
      door(x)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
  "wrong, message",
  [
    *(MISTAKES[name] for name in ("dict", "sparse matrix", "sparse tensor")),
    (np.ma.masked_array(images(), images() > 0), "masked values"),
  ],
)
def test_what_comes_with_the_data_is_looked_at_too(wrong, message):
  for name in ("y", "sample_weight"):
    with pytest.raises(TypeError, match=message):
      compiled().fit(images(), **{name: wrong})


def test_lists_are_data_for_answers_if_their_shapes_agree():
  vae, x = compiled(), images()
  np.testing.assert_array_equal(vae.elbo([*x], seed=1), vae.elbo(x, seed=1))
  with pytest.raises(ValueError, match="different shapes"):
    vae.elbo([x[0], x[0][:2]])


def test_one_example_is_not_a_batch():
  vae = compiled()
  for door, x in ((vae.elbo, images()[0]), (vae.decode, [0.0, 0.0])):
    with pytest.raises(ValueError, match=r"that of one example: .* x\[None\]"):
      door(x)


def test_weights_that_are_not_finite_leave_the_model_as_it_was():
  vae, x = compiled(), images()
  before = vae.get_weights()
  weights = np.where(np.arange(len(x)) == 3, np.nan, 1.0)
  with pytest.raises(ValueError, match="sample_weight has NaN"):
    vae.fit(x, sample_weight=weights)
  for now, then in zip(vae.get_weights(), before, strict=True):
    np.testing.assert_array_equal(now, then)


def test_class_weight_takes_numbered_labels():
  labels = np.array(list("ab") * 10)
  with pytest.raises(TypeError, match="number the labels"):
    compiled().fit(images(), y=labels, class_weight={0: 1.0, 1: 2.0})


@pytest.mark.parametrize("value", [0, -1, 2.5, True, "3", 2**40])
def test_counts_are_positive_integers(value):
  vae, x = compiled(), images()
  calls = {
    vae.fit: (
      "batch_size",
      "steps_per_epoch",
      "validation_steps",
      "validation_batch_size",
    ),
    vae.evaluate: ("batch_size", "steps"),
    vae.predict: ("batch_size", "steps"),
  }
  for call, names in calls.items():
    for name in names:
      with pytest.raises(
        (TypeError, ValueError), match=f"{name}=.* must be an integer"
      ):
        call(x, **{name: value})


@pytest.mark.parametrize(
  "num",
  [3, np.int64(3), np.uint8(3), np.array(3), tf.constant(3), tf.constant(3, "int64")],
)
def test_a_number_of_samples_of_every_kind(num):
  assert tiny_vae().sample(num).shape[0] == 3


@pytest.mark.parametrize(
  "num",
  [-1, 2.5, True, "3", None, [3], 2**31, 2**40, tf.constant(-1), tf.constant(2.5)]
  + [tf.constant(True), tf.constant([3])],
  ids=str,
)
def test_what_is_not_a_number_of_samples(num):
  with pytest.raises((TypeError, ValueError), match="num=.* must be an integer"):
    tiny_vae().sample(num)


class Batches(keras.utils.PyDataset):
  def __init__(self, make):
    super().__init__()
    self.make, self.x = make, images()

  def __len__(self):
    return 4

  def __getitem__(self, index):
    return self.make(self.x[5 * index : 5 * index + 5])


@pytest.mark.parametrize("weights", [(), (np.ones(5),)], ids=["", "weights"])
def test_a_py_dataset_may_have_none_for_labels(weights):
  data, plain = Batches(lambda x: (x, None, *weights)), Batches(lambda x: x)
  vae = compiled()
  vae.fit(data, verbose=0)
  assert vae.evaluate(data, verbose=0) == vae.evaluate(plain, verbose=0)
  np.testing.assert_array_equal(
    vae.predict(data, verbose=0), vae.predict(plain, verbose=0)
  )


@pytest.mark.parametrize(
  ("element", "message"),
  [
    (lambda x: {"image": x}, "keys 'image'"),
    (lambda x: ({"image": x}, x), "keys 'image'"),
  ],
)
def test_elements_that_are_dicts_are_refused_by_name(element, message):
  stream = tf.data.Dataset.from_tensor_slices(images()).batch(5).map(element)
  for data in (stream, Batches(element)):
    for door in (compiled().fit, compiled().evaluate, compiled().predict):
      with pytest.raises(TypeError, match=message):
        door(data, verbose=0)


def test_elements_with_two_inputs_are_refused():
  x = images()
  data = tf.data.Dataset.from_tensor_slices(((x, x), np.zeros(20))).batch(5)
  for door in (compiled().fit, compiled().evaluate, compiled().predict):
    with pytest.raises(TypeError, match="tuple of 2"):
      door(data, verbose=0)


def test_a_data_set_without_end_needs_a_number_of_steps():
  vae = compiled()
  data = tf.data.Dataset.from_tensor_slices(images()).batch(5).repeat()
  for door, name in ((vae.fit, "steps_per_epoch"), (vae.evaluate, "steps")):
    with pytest.raises(ValueError, match=f"without end.* as {name}"):
      door(data)
    door(data, **{name: 3}, verbose=0)
  with pytest.raises(ValueError, match="as steps"):
    vae.predict(data)
  with pytest.raises(ValueError, match="as validation_steps"):
    vae.fit(images(), validation_data=data)


def _unbuilt():
  keras.utils.set_random_seed(0)
  encoder = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4)])
  decoder = keras.Sequential([keras.layers.Dense(12), keras.layers.Reshape((4, 3, 1))])
  return aevb.VAE(
    encoder, decoder, posterior="gaussian", likelihood="bernoulli", seed=0
  )


@pytest.mark.parametrize("make", [compiled, _unbuilt], ids=["built", "unbuilt"])
def test_answers_may_be_asked_for_in_many_threads_from_the_first(make):
  x, vae = images(), make()
  together = threading.Barrier(8)

  def answers():
    together.wait()
    return vae.encode(x).mean(), vae.elbo(x, seed=1), vae.sample(3, seed=2)

  with futures.ThreadPoolExecutor(8) as threads:
    results = [threads.submit(answers) for _ in range(8)]
  want = vae.encode(x).mean(), vae.elbo(x, seed=1), vae.sample(3, seed=2)
  for result in results:
    for answer, wanted in zip(result.result(), want, strict=True):
      np.testing.assert_array_equal(answer, wanted)


class Raising(keras.callbacks.Callback):
  def __init__(self, hook, error):
    super().__init__()

    def stop(*args, **kwargs):
      raise error

    setattr(self, hook, stop)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_epoch_end", "on_test_end"])
def test_an_interrupted_fit_leaves_nothing_behind(hook, error):
  vae, x = compiled(), images()
  given = {"batch_size": 5, "verbose": 0, "validation_data": x}
  with pytest.raises(error):
    vae.fit(x, **given, callbacks=[Raising(hook, error())])
  assert not vae._device_loop.running and vae.steps_per_execution == 1
  before = int(vae.updates)
  history = vae.fit(x, **given).history
  assert int(vae.updates) == before + 4
  assert vae.evaluate(x, verbose=0, return_dict=True)["elbo"] == pytest.approx(
    history["val_elbo"][-1], rel=1e-6
  )


def test_models_may_train_one_another_s_epochs():
  class Other(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
      other.fit(x, batch_size=5, epochs=epoch + 1, initial_epoch=epoch, verbose=0)
      self.model.evaluate(x, verbose=0)

  keras.utils.set_random_seed(0)
  x, vae, other = images(), compiled(), compiled()
  other.set_weights(vae.get_weights())
  vae.fit(x, batch_size=5, epochs=2, verbose=0, callbacks=[Other()])
  for a, b in zip(vae.get_weights(), other.get_weights(), strict=True):
    np.testing.assert_array_equal(a, b)
