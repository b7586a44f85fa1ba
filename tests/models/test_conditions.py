"""Models with a condition c: p(x|z, c), q(z|x, c), and p(z) or p(z|c).

The oracle is a linear-Gaussian model of which c shifts the biases: for each c it is
another `LinearGaussian`.

    p(x|z, c) = N(W z + V c + b, s^2),   q(z|x, c) = N(A x + B c + a, diag(d^2))
"""

import dataclasses
import threading

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.special
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.export import examples
from tests import compositions, stats
from tests.models import paths
from tests.models.test_missing import exact_encoder
from tests.oracle import LinearGaussian

SHAPE = (4, 4, 1)
CLASSES = 3


class Shifted:
  """The oracle: a linear-Gaussian model for each class."""

  def __init__(self, seed=0, num_examples=30):
    rng = np.random.default_rng(seed)
    self.base = LinearGaussian.random(rng)
    dim, latents = self.base.weights.shape
    self.shift = rng.normal(size=(CLASSES, dim))
    self.encoder_shift = 0.3 * rng.normal(size=(CLASSES, latents))
    self.prior_shift = np.zeros((CLASSES, latents))
    self.c = rng.integers(0, CLASSES, num_examples)
    self.x = np.concatenate([self.of(c).draw(rng, 1) for c in self.c])

  def of(self, c):
    """The model of class c."""
    # z = z' + m of z' ~ N(0, 1): a shifted prior is a shift of x and of the encoder.
    moved = self.base.weights @ self.prior_shift[c]
    return dataclasses.replace(
      self.base,
      bias=self.base.bias + self.shift[c] + moved,
      encoder_bias=self.base.encoder_bias + self.encoder_shift[c] - self.prior_shift[c],
    )

  def each(self, function):
    """`function(model of c, x as float64 [1, D])` of each example, joined."""
    pairs = zip(self.c, self.x.astype(np.float64), strict=True)
    return np.concatenate([function(self.of(c), x[None]) for c, x in pairs])

  def vae(self, **options):
    latents, dim = self.base.encoder_weights.shape
    encoder = aevb.networks.MLPEncoder(latents, ())
    likelihood = {"name": "gaussian", "scale": self.base.stddev}
    decoder = aevb.networks.MLPDecoder((dim,), (), likelihood=likelihood)
    vae = aevb.VAE(encoder, decoder, **{"condition": CLASSES, "seed": 0, **options})
    kernel = np.zeros((dim + CLASSES, 2 * latents))
    kernel[:dim, :latents] = self.base.encoder_weights.T
    kernel[dim:, :latents] = self.encoder_shift
    log_variance = 2 * np.log(self.base.encoder_stddev)
    encoder.head.set_weights(
      [kernel, np.concatenate([self.base.encoder_bias, log_variance])]
    )
    decoder.head.set_weights(
      [np.concatenate([self.base.weights.T, self.shift]), self.base.bias]
    )
    if options.get("prior") == "conditional":
      self.prior_shift = np.random.default_rng(5).normal(size=(CLASSES, latents))
      shift = np.concatenate([self.prior_shift, np.zeros_like(self.prior_shift)], 1)
      vae.prior.head.set_weights([shift, np.zeros(2 * latents)])
    return vae


PRIORS = ["standard_normal", "conditional"]


@pytest.mark.parametrize("prior", PRIORS)
def test_the_bound_is_that_of_each_condition(prior, seeds):
  exact = Shifted()
  vae = exact.vae(prior=prior, bound={"name": "sgvb", "num_samples": 4000})
  with vae.given(exact.c, len(exact.c)):
    rows = tf.range(len(exact.c))
    terms = vae.terms(tf.constant(exact.x), aevb.random.as_seed(seeds(0)), rows)
  wanted = exact.each(lambda model, x: model.bound(x))
  stats.assert_mean(np.asarray(terms.log_likelihood - terms.kl), wanted)
  # The KL has a closed form for both priors.
  wanted = exact.each(lambda model, x: model.kl_to_prior(x))
  np.testing.assert_allclose(terms.kl, wanted, rtol=1e-4, atol=1e-4)
  found = vae.kl_per_dimension(exact.x, condition=exact.c)
  np.testing.assert_allclose(np.sum(found, axis=1), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize(
  "method",
  [
    {"name": "importance", "num_samples": 3000},
    {"name": "annealed", "num_samples": 32, "num_temperatures": 200},
    {"name": "posterior_density", "start": "prior", "candidates": 100},
  ],
  ids=lambda method: method["name"],
)
def test_the_evidence_is_that_of_each_condition(prior, method):
  exact = Shifted(num_examples=10)
  vae = exact.vae(prior=prior)
  wanted = exact.each(lambda model, x: model.log_evidence(x))
  # Batches of 4: the conditions follow the examples, also in the padded last batch.
  found = aevb.evidence.estimate(
    vae, exact.x, method, seed=1, batch_size=4, condition=exact.c
  )
  error = np.maximum(found.monte_carlo_error, 1e-3)
  assert np.all(np.abs(found.log_marginal - wanted) < 6 * error + 0.05)
  batches = [(exact.x[:7], exact.c[:7]), (exact.x[7:], exact.c[7:])]
  again = aevb.evidence.estimate(vae, batches, method, seed=1, batch_size=4)
  np.testing.assert_array_equal(again.log_marginal, found.log_marginal)


def test_bidirectional_bounds_are_of_data_of_each_condition():
  exact = Shifted(num_examples=6)
  vae = exact.vae(prior="conditional")
  method = aevb.evidence.Annealed(num_samples=8, num_temperatures=300)
  found = aevb.evidence.bidirectional(
    vae, 6, method, seed=1, batch_size=4, condition=exact.c
  )
  exact.x = found.x
  wanted = exact.each(lambda model, x: model.log_evidence(x))
  assert np.all(found.lower.log_marginal < wanted + 0.3)
  assert np.all(found.upper.log_marginal > wanted - 0.3)
  assert abs(found.gap) < 0.3


@pytest.mark.filterwarnings("ignore::aevb_tf.imputation.ImputationWarning")
@pytest.mark.parametrize("method", aevb.imputation.names())
def test_imputations_are_those_of_each_condition(method, seeds):
  """z is nearly known, so that all methods are exact: only the condition matters."""
  exact = Shifted()
  exact.base = dataclasses.replace(
    exact.base,
    weights=1e-3 * exact.base.weights,
    encoder_weights=0 * exact.base.encoder_weights,
    encoder_bias=0 * exact.base.encoder_bias,
    encoder_stddev=np.ones_like(exact.base.encoder_stddev),
  )
  exact.encoder_shift = 0 * exact.encoder_shift
  vae = exact.vae(missing=True)
  c = np.arange(900) % CLASSES
  x = np.tile(np.float32([0.0, np.nan, 0.0, np.nan, 0.0]), (len(c), 1))
  drawn = vae.impute(x, 2, method, 20, seed=seeds(0), condition=c)[0]
  for label in range(CLASSES):
    wanted = exact.of(label).bias[[1, 3]]
    stats.assert_mean(drawn[c == label][:, [1, 3]], wanted)


def test_samples_are_those_of_the_condition(seeds):
  exact = Shifted()
  for prior in PRIORS:
    vae = exact.vae(prior=prior)
    for label in range(CLASSES):
      drawn = vae.sample(4000, seed=seeds(label), draw=True, condition=label)
      stats.assert_mean(drawn, exact.of(label).bias)
  mixed = vae.sample(CLASSES, seed=1, condition=np.arange(CLASSES))
  for label in range(CLASSES):
    alone = vae.sample(CLASSES, seed=1, condition=label)
    np.testing.assert_allclose(mixed[label], alone[label], rtol=1e-6)


@pytest.mark.parametrize("class_probs", [None, [0.7, 0.2, 0.1]])
def test_classes_have_their_exact_probabilities(class_probs):
  """With the exact posterior as the encoder, every importance weight is p(x|c)."""
  exact = Shifted()
  exact.base = exact_encoder(exact.base)
  exact.encoder_shift = -exact.shift @ exact.base.encoder_weights.T
  vae = exact.vae()
  prior = np.log(class_probs or [1 / 3] * CLASSES)
  x = exact.x.astype(np.float64)
  joint = np.stack([exact.of(c).log_evidence(x) for c in range(CLASSES)], axis=1)
  wanted = scipy.special.softmax(joint + prior, axis=1)
  found = vae.classify(
    exact.x, method="importance", num_samples=20, seed=1, class_probs=class_probs
  )
  assert found.shape == (len(x), CLASSES) and found.dtype == tf.float32
  np.testing.assert_allclose(found, wanted, atol=1e-4)
  np.testing.assert_allclose(np.sum(found, axis=1), 1.0, rtol=1e-5)
  found = vae.classify(exact.x, seed=1, class_probs=class_probs)
  bounds = [vae.elbo(exact.x, seed=1, condition=c) for c in range(CLASSES)]
  by_bound = scipy.special.softmax(np.stack(bounds, axis=1) + prior, axis=1)
  np.testing.assert_allclose(found, by_bound, atol=1e-5)


# All ways into a model.


def images(n=12):
  rng = np.random.default_rng(0)
  return rng.integers(0, 2, (n, *SHAPE)).astype(np.float32), np.arange(n) % CLASSES


CONDITIONS = {
  "labels": (CLASSES, lambda n: np.arange(n) % CLASSES),
  "names": (["a", "b", "c"], lambda n: np.array(list("abc"))[np.arange(n) % 3]),
  "vector": ((2,), lambda n: np.linspace(-1, 1, 2 * n).reshape(n, 2)),
  "image": (SHAPE, lambda n: images(n)[0]),
  "other image": ((2, 3, 1), lambda n: np.linspace(0, 1, 6 * n).reshape(n, 2, 3, 1)),
}


def model(condition=CLASSES, cls=aevb.VAE, conv=False, **options):
  keras.utils.set_random_seed(0)
  if conv:
    encoder = aevb.networks.ConvEncoder(2, (3,))
    decoder = aevb.networks.ConvDecoder(SHAPE, (3,))
  else:
    encoder = aevb.networks.MLPEncoder(2, (5,))
    decoder = aevb.networks.MLPDecoder(SHAPE, (5,))
  if cls is aevb.FullVB:
    options["dataset_size"] = 12
  return cls(encoder, decoder, condition=condition, seed=0, **options)


@pytest.mark.parametrize("conv", [False, True], ids=["mlp", "conv"])
@pytest.mark.parametrize("kind", CONDITIONS)
def test_every_kind_of_condition_trains_saves_and_loads(kind, conv, tmp_path):
  x, _ = images()
  condition, make = CONDITIONS[kind]
  c = make(len(x))
  vae = model(condition, conv=conv, prior={"name": "conditional", "hidden_units": [4]})
  vae.compile(keras.optimizers.Adam(0.02))
  history = vae.fit(x, c, epochs=8, batch_size=6, verbose=0).history
  assert history["loss"][-1] < history["loss"][0]
  assert vae.sample(2, seed=0, condition=c[0]).shape == (2, *SHAPE)
  other = vae.reconstruct(x, condition=c[::-1])
  assert not np.allclose(vae.reconstruct(x, condition=c), other)
  wanted = vae.evaluate(x, c, verbose=0)
  vae.save(tmp_path / "model.keras")
  again = keras.saving.load_model(tmp_path / "model.keras")
  assert again.condition.get_config() == vae.condition.get_config()
  np.testing.assert_allclose(again.evaluate(x, c, verbose=0), wanted, rtol=1e-6)
  np.testing.assert_array_equal(
    again.sample(3, seed=1, condition=c[0]), vae.sample(3, seed=1, condition=c[0])
  )
  again.fit(x, c, batch_size=6, verbose=0)  # the optimizer's state is there, too


@pytest.mark.parametrize("cls", [aevb.VAE, aevb.WakeSleep, aevb.FullVB])
def test_every_model_with_an_encoder_takes_a_condition(cls, tmp_path):
  x, c = images()
  made = model(cls=cls, prior="conditional")
  made.compile("adam")
  logs = made.fit(x, c, batch_size=5, verbose=0, validation_data=(x, c)).history
  assert all(np.all(np.isfinite(values)) for values in logs.values())
  made.save(tmp_path / "model.keras")
  again = keras.saving.load_model(tmp_path / "model.keras")
  np.testing.assert_array_equal(
    again.elbo(x, seed=1, condition=c), made.elbo(x, seed=1, condition=c)
  )
  if cls is aevb.FullVB:
    np.testing.assert_array_equal(
      made.to_vae().elbo(x, seed=1, condition=c), made.elbo(x, seed=1, condition=c)
    )


WAYS = {k: v for k, v in paths.WEIGHTED_TRAIN.items() if "unknown" not in k}


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_training_gives_the_condition(way, weighted):
  x, c = images()
  weights = np.linspace(0.5, 2, len(x)).astype(np.float32) if weighted else None
  vae, plain = model(), model()
  vae.compile(keras.optimizers.SGD(0.0))
  examples = paths.Examples(x, c.astype(np.int32), weights, batch_size=4)
  logs = WAYS[way](vae, examples)
  seed = aevb.random.derive(plain.seed, aevb.random.Purpose.TRAIN)
  elbos = []
  for i, first in enumerate(range(0, len(x), 4)):
    step = aevb.random.derive(seed, aevb.random.Purpose.STEP, i)
    with plain.given(c[first : first + 4], 4):
      parts = plain.bound_parts(
        tf.constant(x[first : first + 4]), step, tf.range(4), training=True
      )
    elbos.append(parts.elbo)
  wanted = np.average(np.concatenate(elbos), weights=weights)
  np.testing.assert_allclose(logs["elbo"], wanted, rtol=1e-5)


@pytest.mark.parametrize(
  "way",
  # `fit` itself would need conditions, too.
  [w for w in paths.WEIGHTED_TEST if "unknown" not in w and "validation_data" not in w],
)
def test_every_way_of_evaluating_gives_the_condition(way):
  x, c = images()
  vae = model()
  vae.compile(keras.optimizers.SGD(0.0))
  logs = paths.WEIGHTED_TEST[way](vae, paths.Examples(x, c.astype(np.int32)))
  seed = aevb.random.derive(vae.seed, aevb.random.Purpose.TEST)
  with vae.given(c, len(c)):
    parts = vae.bound_parts(tf.constant(x), seed, tf.range(len(x)), training=False)
  np.testing.assert_allclose(logs["elbo"], np.mean(parts.elbo), rtol=1e-5)


def test_every_way_of_predicting_takes_the_condition():
  x, c = images()
  vae = model()
  wanted = vae.reconstruct(x, condition=c)
  stream = tf.data.Dataset.from_tensor_slices((x, c)).batch(5)
  for found in (
    vae((x, c)),
    vae.predict((x, c), verbose=0),
    vae.predict(stream, verbose=0),
    vae.predict_on_batch((x, c)),
    tf.function(lambda x, c: vae.reconstruct(x, condition=c))(x, c),
  ):
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
  for door in (vae.predict, vae.predict_on_batch):
    with pytest.raises(ValueError, match=r"predict\(\(x, c\)\)"):
      door(x)


def test_eager_training_and_a_device_loop_agree():
  x, _ = images()
  names = np.array(list("abc"))[np.arange(len(x)) % 3]
  found = []
  for options in ({}, {"run_eagerly": True}, {"device_loop": False}):
    vae = model(["a", "b", "c"])
    vae.compile(keras.optimizers.Adam(0.01), **options)
    vae.fit(x, names, batch_size=4, epochs=2, shuffle=False, verbose=0)
    found.append(vae.get_weights())
  for weights in found[1:]:
    for a, b in zip(found[0], weights, strict=True):
      np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("bound", compositions.BOUNDS, ids=lambda b: b["name"])
def test_every_bound_has_finite_gradients(bound):
  x, c = images()
  vae = model(bound=bound, prior="conditional")
  with vae.given(c, len(c)), tf.GradientTape() as tape:
    rows = tf.range(len(x))
    parts = vae.bound_parts(tf.constant(x), aevb.random.as_seed(0), rows, training=True)
    total = tf.reduce_sum(parts.bound)
  for gradient in tape.gradient(total, vae.trainable_variables):
    assert np.all(np.isfinite(gradient)) and np.any(gradient != 0.0)


def test_own_networks_get_pairs():
  x, c = images()
  inputs = keras.Input(SHAPE), keras.Input((CLASSES,))
  h = keras.layers.Concatenate()([keras.layers.Flatten()(inputs[0]), inputs[1]])
  encoder = keras.Model(inputs, keras.layers.Dense(4)(h))

  class Own(keras.Model):
    def __init__(self):
      super().__init__()
      self.dense = keras.layers.Dense(16)

    def call(self, pair):
      z, condition = pair
      out = self.dense(keras.ops.concatenate([z, condition], axis=-1))
      return keras.ops.reshape(out, (-1, *SHAPE))

  vae = aevb.VAE(
    encoder, Own(), posterior="gaussian", likelihood="bernoulli", condition=CLASSES
  )
  vae.build((None, *SHAPE))
  vae.compile("adam")
  vae.fit(x, c, verbose=0)
  assert vae.sample(2, seed=0, condition=1).shape == (2, *SHAPE)


def test_a_network_without_a_second_input_is_named():
  encoder = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4)])
  decoder = aevb.networks.MLPDecoder(SHAPE, (5,))
  with pytest.raises(ValueError, match=r"Sequential .* cannot take a pair"):
    aevb.VAE(encoder, decoder, posterior="gaussian", condition=3)


@pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")
def test_names_are_codes_on_every_path():
  """Where a condition is converted twice, a code stays a code."""
  x, c = images()
  levels = ["small", "medium", "large"]
  names = np.array(levels)[c]
  found = []
  for options in ({}, {"run_eagerly": True}, {"device_loop": False}):
    vae = model(levels)
    vae.compile(keras.optimizers.SGD(0.0), **options)
    logs = vae.fit(x, names, validation_data=(x, names), verbose=0).history
    predicted = vae.predict((x, names), verbose=0)
    np.testing.assert_allclose(predicted, vae.reconstruct(x, condition=c), atol=1e-6)
    np.testing.assert_allclose(
      logs["val_elbo"][0], vae.evaluate(x, c, verbose=0)[0], rtol=1e-5
    )
    found.append(logs["val_elbo"][0])
  np.testing.assert_allclose(found[1:], found[0], rtol=1e-5)
  estimate = aevb.evidence.estimate(vae, [(x, c)], num_samples=20, seed=1)
  wanted = vae.log_marginal(x, num_samples=20, seed=1, condition=names)
  np.testing.assert_array_equal(estimate.log_marginal, wanted)


def stream_of(data):
  """The stream of a data set, with the attribute that those of `load` have."""
  stream = data.to_tf_data()
  stream.classes = data.classes
  return stream


def test_a_data_set_with_another_order_of_classes_is_refused():
  x, c = images()
  names = np.array(["small", "medium", "large"])[c]
  data = aevb.data.ArrayDataset(x, names)
  vae = model(["small", "medium", "large"])
  vae.compile("adam")
  if getattr(data, "classes", None) is None:
    data.classes = ("large", "medium", "small")
  for call in (
    lambda: vae.fit(data, verbose=0),
    lambda: vae.predict(data, verbose=0),
    lambda: vae.evaluate(stream_of(data), verbose=0),
    lambda: aevb.evidence.estimate(vae, data, num_samples=2),
    lambda: examples.take(vae, data, 10, "data"),
  ):
    with pytest.raises(ValueError, match="condition=data.classes"):
      call()
  vae = model(data.classes)
  vae.compile(keras.optimizers.SGD(0.0))
  by_name = vae.evaluate(x, names, verbose=0)
  np.testing.assert_allclose(vae.evaluate(data, verbose=0), by_name, rtol=1e-5)


@pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")
def test_dreams_and_drawn_weights_have_the_condition():
  """The bound of each model moves with c, and not only with the weights."""
  x, c = images()
  for cls in (aevb.WakeSleep, aevb.FullVB):
    made = model(cls=cls)
    first = made.encoder.hidden[0].kernel
    first.assign(tf.tensor_scatter_nd_add(first, [[16], [17], [18]], 3 * tf.eye(3, 5)))
    first = made.decoder.hidden[0].kernel
    first.assign(tf.tensor_scatter_nd_add(first, [[2], [3], [4]], 3 * tf.eye(3, 5)))
    parts = []
    for given in (c, (c + 1) % 3):
      with made.given(given, len(x)):
        rows = tf.range(len(x))
        parts.append(
          made.bound_parts(tf.constant(x), aevb.random.as_seed(0), rows, True)
        )
    for name in made.measures:
      if name != "weight_kl":
        assert not np.allclose(getattr(parts[0], name), getattr(parts[1], name))


@pytest.mark.parametrize("options", [{"jit_compile": True}, {"steps_per_execution": 3}])
def test_compile_options_keep_the_condition(options):
  x, c = images()
  found = []
  for given in (options, {}):
    vae = model(prior="conditional")
    vae.compile(keras.optimizers.SGD(0.1), **given)
    vae.fit(x, c, batch_size=4, shuffle=False, epochs=2, verbose=0)
    found.append(vae.get_weights())
  for a, b in zip(*found, strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_a_monte_carlo_em_takes_no_condition():
  with pytest.raises(ValueError, match="takes no condition"):
    aevb.MonteCarloEM(aevb.networks.MLPDecoder(SHAPE, (5,)), 2, condition=3)


def test_an_image_without_channels_is_a_channel():
  x, _ = images()
  encoder = aevb.networks.ConvEncoder(2, (3,))
  encoder((x, x[..., 0]))
  assert encoder.convolutions[0].kernel.shape[2] == 2


def test_class_weights_are_by_the_condition():
  x, c = images()
  vae = model()
  vae.compile(keras.optimizers.SGD(0.0))
  weights = {0: 1.0, 1: 0.5, 2: 3.0}
  by_class = vae.fit(x, c, class_weight=weights, shuffle=False, verbose=0).history
  vae = model()
  vae.compile(keras.optimizers.SGD(0.0))
  each = np.array([weights[label] for label in c])
  by_example = vae.fit(x, c, sample_weight=each, shuffle=False, verbose=0).history
  np.testing.assert_allclose(by_class["elbo"], by_example["elbo"], rtol=1e-5)


def test_a_condition_with_the_shape_of_x_is_not_a_target():
  x, _ = images()
  vae = model(SHAPE)
  vae.compile(keras.optimizers.SGD(0.0))
  c = 5.0 * x + 3.0  # which a Bernoulli likelihood could not score
  logs = vae.evaluate(x, c, verbose=0, return_dict=True)
  assert np.isfinite(logs["elbo"])


def test_a_model_without_a_condition_ignores_labels():
  x, c = images()
  vae = model(None)
  vae.compile(keras.optimizers.SGD(0.0))
  assert vae.evaluate(x, c, verbose=0) == vae.evaluate(x, verbose=0)
  with pytest.raises(ValueError, match="has no condition"):
    vae.sample(2, condition=1)


def test_threads_have_their_own_conditions():
  x, c = images()
  vae = model()
  wanted = {label: vae.elbo(x, seed=1, condition=label).numpy() for label in range(3)}
  wrong = []

  def ask(label):
    for _ in range(20):
      if not np.array_equal(vae.elbo(x, seed=1, condition=label), wanted[label]):
        wrong.append(label)

  threads = [threading.Thread(target=ask, args=(i % 3,)) for i in range(6)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert not wrong


def stream(*parts):
  return tf.data.Dataset.from_tensor_slices(parts).batch(4)


def within(vae, function):
  with vae.given(0, 12):
    return function()


def uneven(x):
  """A generator of batches with half as many conditions as examples."""
  yield x[:6], np.zeros(3, np.int32)


@pytest.mark.parametrize(
  "call, message",
  [
    (lambda vae, x: vae.sample(2), "pass condition="),
    (lambda vae, x: vae.elbo(x), "pass condition="),
    (lambda vae, x: vae.encode(x), "pass condition="),
    (lambda vae, x: vae.log_marginal(x), "pass condition="),
    (lambda vae, x: vae.impute(x), "pass condition="),
    (lambda vae, x: vae.fit(x, verbose=0), r"fit\(x, c\)"),
    (lambda vae, x: vae.fit(x, sample_weight=np.ones(len(x))), r"fit\(x, c\)"),
    (lambda vae, x: vae.evaluate(x, verbose=0), r"fit\(x, c\)"),
    (lambda vae, x: vae.sample(2, condition=3), "class 3. The classes are 0, ..., 2"),
    (lambda vae, x: vae.sample(2, condition=[0, 1, 2]), "2 examples, and conditions"),
    (lambda vae, x: vae.sample(2, condition="one"), "class 'one'"),
    (lambda vae, x: vae.fit(x, np.full(len(x), 7), verbose=0), "class 7"),
    (lambda vae, x: vae.fit(x, np.eye(3)[[0] * 12], verbose=0), "np.argmax"),
    (
      lambda vae, x: vae.fit(stream(x, np.eye(3)[[0] * 12]), verbose=0),
      r"needs \[batch\]: tf.argmax\(c, axis=-1\) of one-hot vectors. The classes are",
    ),
    (lambda vae, x: vae.classify(x, class_probs=[1.0]), "class_probs"),
    (lambda vae, x: vae.classify(x, num_samples=5), "method='importance'"),
    (lambda vae, x: vae.sample(2, condition=["0", None]), "class '0'"),
    (lambda vae, x: vae.fit(x, np.ma.masked_less(np.arange(12) % 3, 1)), "masked"),
    (lambda vae, x: vae.fit(aevb.data.ArrayDataset(x)), "class -1, which marks"),
    (
      lambda vae, x: vae.predict(aevb.data.ArrayDataset(x), verbose=0),
      "invalid values. The classes are",
    ),
    (
      lambda vae, x: vae.predict(stream(x, np.full(12, 9)), verbose=0),
      "invalid values. The classes are",
    ),
    (lambda vae, x: vae.predict(stream(x), verbose=0), r"predict\(\(x, c\)\)"),
    (
      lambda vae, x: within(vae, lambda: vae.predict(stream(x))),
      r"predict\(\(x, c\)\)",
    ),
    (lambda vae, x: within(vae, tf.function(lambda: vae.elbo(x))), "outside of a tf"),
    (lambda vae, x: vae.sample(2, condition=[[0, 1], [2]]), "of different lengths"),
    (lambda vae, x: vae.sample(2, condition={"a": 1}), "a class of type dict"),
    (lambda vae, x: vae(x), "^This VAE has a condition: pass condition="),
    (lambda vae, x: vae((x, 7)), "^The condition has class 7"),
    (lambda vae, x: vae.sample(1, condition=[None]), "1 missing values of 1"),
    (
      lambda vae, x: vae.fit(x, pd.Series([0, None] * 6, dtype="object")),
      "6 missing values of 12",
    ),
    (lambda vae, x: vae.fit(x, pd.Series(["0", None] * 6)), "class '0'"),
  ],
)
def test_what_is_wrong_with_a_condition_is_said(call, message):
  x, _ = images()
  vae = model(missing=True)
  vae.compile("adam")
  before = vae.get_weights()
  with pytest.raises(ValueError, match=message):
    call(vae, x)
  for old, new in zip(before, vae.get_weights(), strict=True):
    np.testing.assert_array_equal(old, new)


def test_a_graph_finds_a_wrong_number_of_conditions():
  """Two conditions of four examples would otherwise be used twice."""
  vae = model()

  @tf.function(input_signature=[tf.TensorSpec([None, vae.latent_dim])])
  def decode(z):
    return vae.decode(z, condition=[0, 2]).mean()

  z = np.random.default_rng(0).normal(size=(4, vae.latent_dim)).astype(np.float32)
  wanted = vae.decode(z[:2], condition=[0, 2]).mean()
  np.testing.assert_allclose(decode(z[:2]), wanted, rtol=1e-5)
  with pytest.raises(tf.errors.InvalidArgumentError, match="one for each, or one for"):
    decode(z)


@pytest.mark.parametrize("eager", [False, True])
def test_a_graph_of_conditions_of_any_shape_checks_theirs(eager):
  """Keras keeps a graph for data sets whose y has another rank."""
  x, c = images()

  def stream(y):
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(4)

  vae = model()
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=eager)
  wanted = vae.evaluate(stream(c), verbose=0)
  found = vae.evaluate(stream(c[:, np.newaxis]), verbose=0)
  np.testing.assert_allclose(found, wanted, rtol=1e-6)
  with pytest.raises(ValueError, match=r"^The condition has .*shape.* 0, ..., 2\.$"):
    vae.evaluate(stream(np.eye(3)[c]), verbose=0)
  vae = model((3,))
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=eager)
  wanted = vae.evaluate(stream(np.eye(3)[c]), verbose=0)
  found = vae.evaluate(stream(np.eye(3)[c][..., np.newaxis]), verbose=0)
  np.testing.assert_allclose(found, wanted, rtol=1e-6)
  # Neither a vector for each example, nor one vector for all.
  for y in (c, np.eye(3)[c][:, :2]):
    with pytest.raises(ValueError, match=r"^The condition has .*shape.*batch, 3"):
      vae.fit(stream(y), verbose=0)


def test_a_stream_with_an_invalid_class_is_an_error():
  x, _ = images()
  stream = tf.data.Dataset.from_tensor_slices((x, np.full(len(x), 9))).batch(4)
  vae = model()
  vae.compile("adam")
  with pytest.raises(ValueError, match=r"invalid values. The classes are 0, ..., 2"):
    vae.fit(stream, verbose=0)
  with pytest.raises(ValueError, match=r"invalid values. The classes are 0, ..., 2"):
    vae.evaluate(stream, verbose=0)
  with pytest.raises(ValueError, match="invalid values"):
    vae.fit(uneven(x), steps_per_epoch=1, verbose=0)


@pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")
def test_labels_of_a_data_set_are_codes():
  """Names or codes in the arrays of a user, codes in tensors, which data sets hold."""
  x, c = images()
  levels = ["a", "b", "c"]
  vae = model({"name": "labels", "levels": levels})
  wanted = vae.reconstruct(x, condition=np.array(levels)[c])
  np.testing.assert_array_equal(vae.reconstruct(x, condition=tf.constant(c)), wanted)
  data = aevb.data.ArrayDataset(x, c, batch_size=5)
  found = aevb.evidence.estimate(vae, data, num_samples=2).log_marginal
  given = aevb.evidence.estimate(
    vae, x, num_samples=2, condition=np.array(levels)[c]
  ).log_marginal
  np.testing.assert_allclose(found, given, rtol=1e-6)
  with pytest.raises(ValueError, match="has class 3"):
    vae.reconstruct(x, condition=tf.fill([len(x)], 3))
  np.testing.assert_array_equal(vae.reconstruct(x, condition=c), wanted)


@pytest.mark.parametrize(
  "condition, message",
  [
    (1, "two or more"),
    ("labels", "give the number of classes"),
    (2.5, "give the number of classes"),
    ((2, 0), "positive integer"),
    (["a", "a"], "two or more different"),
    ({"name": "labels", "levels": [3, 5]}, "their names in a list"),
    ({"name": "label"}, "Did you mean labels"),
    ({"a", "b"}, "their names in a list"),
    (pd.DataFrame({"a": [1], "b": [2]}), "^condition=DataFrame: give"),
  ],
)
def test_impossible_conditions_are_refused(condition, message):
  with pytest.raises(ValueError, match=message):
    model(condition)


def test_priors_fit_the_condition():
  with pytest.raises(ValueError, match="the model has no condition"):
    model(None, prior="conditional")
  with pytest.raises(ValueError, match="pseudo-inputs"):
    model(prior="vamp", bound={"name": "sgvb", "estimator": "A"})
  with pytest.raises(ValueError, match="built by a model that has a condition"):
    aevb.priors.get("conditional").build((2,))


# Tables.


TABLE = {
  "age": np.linspace(20.0, 79.5, 120),
  "sex": ["female", "male"] * 60,
  "pressure": np.random.default_rng(0).normal(120, 15, 120),
  "visits": np.random.default_rng(1).poisson(40, 120) ** 2 // 40,
}


def test_columns_of_a_table_may_be_the_condition(tmp_path):
  data = aevb.data.table(TABLE, condition=["sex", "age"], batch_size=30)
  assert [c.name for c in data.schema] == ["pressure", "visits"]
  assert [c.name for c in data.condition] == ["age", "sex"]
  assert data.y.shape == (120, 2) and data.y.dtype == np.float32
  vae = aevb.VAE.for_table(data.schema, 2, (8,), condition=data.condition, seed=0)
  vae.compile(keras.optimizers.Adam(0.01))
  history = vae.fit(data, epochs=3, verbose=0).history
  assert history["loss"][-1] < history["loss"][0]
  by_arrays = vae.evaluate(data.x, TABLE, verbose=0)
  np.testing.assert_allclose(vae.evaluate(data, verbose=0), by_arrays, rtol=1e-5)
  np.testing.assert_allclose(
    vae.evaluate(data.to_tf_data(), verbose=0), by_arrays, rtol=1e-5
  )
  one = {"sex": "female", "age": 50.0}
  drawn = vae.sample(4, seed=0, condition=one)
  row = data.condition.encode({k: [v] for k, v in one.items()})
  np.testing.assert_array_equal(vae.sample(4, seed=0, condition=row), drawn)
  np.testing.assert_array_equal(vae.sample(4, seed=0, condition=row[0]), drawn)
  two = vae.sample(2, seed=0, condition={"sex": ["female", "male"], "age": 50.0})
  np.testing.assert_allclose(two[0], drawn[0], rtol=1e-6)
  assert vae.schema.decode(drawn)["visits"].shape == (4,)
  vae.save(tmp_path / "model.keras")
  again = keras.saving.load_model(tmp_path / "model.keras")
  np.testing.assert_array_equal(again.sample(4, seed=0, condition=one), drawn)
  # Another table with the schemas of the first one.
  later = {name: values[:10] for name, values in TABLE.items()}
  again = aevb.data.table(later, data.schema, condition=data.condition)
  np.testing.assert_array_equal(again.x, data.x[:10])
  np.testing.assert_array_equal(again.y, data.y[:10])
  with pytest.raises(ValueError, match="no column 'sex'"):
    aevb.VAE.for_table(data.schema, condition=["sex", "age"])
  short = aevb.VAE.for_table(
    aevb.tables.Schema.infer(TABLE), 2, (8,), condition=["age", "sex"], seed=0
  )
  assert short.schema == data.schema and short.condition.schema == data.condition
  of_data = aevb.VAE.for_table(data, 2, (8,), seed=0)
  assert of_data.schema == data.schema
  assert of_data.condition.schema == data.condition


@pytest.mark.parametrize(
  "condition, message",
  [
    ({"sex": "female"}, "The condition has no column 'age'"),
    (
      {"sex": "other", "age": 3.0},
      "The condition, column 'sex': 'other' is not one of",
    ),
    ("female", "The condition is 'female': give the columns 'age', 'sex', as a table"),
    (3.0, "The condition is 3.0: give the columns"),
    (["female", 3.0], "The condition has dtype <U.*: give the columns 'age', 'sex'"),
    ({"sex": "male", "age": np.nan}, "missing values in column 'age'"),
    (np.zeros((2, 3)), "give the columns 'age', 'sex'"),
    ([[np.inf, 1.0]], "invalid number in column 'age', of kind 'real'"),
    ([[0.0, 2.0]], "invalid number in column 'sex', of kind 'binary'"),
    ([[0.0, 0.5]], "invalid number in column 'sex', of kind 'binary'"),
    ((50.0, "female"), "has dtype <U.*: give the columns 'age', 'sex', as a table"),
    ([{"age": 50.0, "sex": "female"}], "has dtype object: give the columns"),
    (pd.Series({"age": 50.0, "sex": "female"}), "is a Series: give the columns"),
    ("female", "is 'female': give the columns"),
    (50, "is 50: give the columns"),
  ],
)
def test_rows_that_do_not_fit_are_refused_by_their_column(condition, message):
  schema, chosen = aevb.tables.Schema.infer(TABLE).split(["sex", "age"])
  vae = aevb.VAE.for_table(schema, 2, (4,), condition=chosen)
  with pytest.raises(ValueError, match=message):
    vae.sample(2, condition=condition)


@pytest.mark.parametrize(
  "names, message",
  [
    (["agee"], "no column 'agee'. Did you mean age"),
    ([], "must be a list of columns"),
    ("age", "must be a list of columns"),
    (["age", "age"], "more than once"),
    (list(TABLE), "none left to model"),
  ],
)
def test_impossible_columns_are_refused(names, message):
  with pytest.raises(ValueError, match=message):
    aevb.tables.Schema.infer(TABLE).split(names)


@pytest.mark.parametrize(
  "names",
  [pd.Index(["age", "sex"]), np.array(["age", "sex"]), ("sex", "age"), {"sex", "age"}],
  ids=["index", "array", "tuple", "set"],
)
def test_names_of_columns_may_come_from_anywhere(names):
  data = aevb.data.table(TABLE, condition=names)
  assert [c.name for c in data.condition] == ["age", "sex"]
  vae = aevb.VAE.for_table(aevb.data.table(TABLE), 2, (4,), condition=names)
  assert vae.condition.schema == data.condition
  # The data set may have split them off already.
  vae = aevb.VAE.for_table(data, 2, (4,), condition=names)
  assert vae.condition.schema == data.condition and vae.schema == data.schema


@pytest.mark.parametrize("condition", ["age", 3, True])
def test_what_is_no_list_of_columns_is_refused(condition):
  with pytest.raises(ValueError, match=f"condition={condition!r} must be a list"):
    aevb.data.table(TABLE, condition=condition)
  with pytest.raises(ValueError, match=f"condition={condition!r} must be a list"):
    aevb.data.load("digits", condition=condition)
  if condition == "age":
    with pytest.raises(ValueError, match="condition='age': give a list of columns"):
      aevb.VAE.for_table(aevb.data.table(TABLE), condition=condition)


@pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")
def test_a_data_set_with_another_schema_is_refused():
  """Its numbers would mean other values, without an error."""
  data = aevb.data.table(TABLE, condition=["sex", "age"])
  vae = aevb.VAE.for_table(data, 2, (4,), condition=data.condition, seed=0)
  vae.compile(keras.optimizers.SGD(0.0))
  later = {name: values[:60] for name, values in TABLE.items()}

  def calls(data):
    valid = {"validation_data": data, "verbose": 0}
    return (
      lambda: vae.fit(data, verbose=0),
      lambda: vae.fit(known, **valid),
      lambda: vae.evaluate(data, verbose=0),
      lambda: vae.predict(data, verbose=0),
      lambda: aevb.evidence.estimate(vae, data, num_samples=2),
      lambda: examples.take(vae, data, 10, "data"),
    )

  known = aevb.data.table(later, data.schema, condition=data.condition)
  for call in calls(known):
    call()
  options = "schema=vae.schema, condition=vae.condition.schema"
  units = aevb.data.table(later, condition=["sex", "age"]).condition
  for other, message in (
    (aevb.data.table(later, condition=data.condition), "'pressure' is real"),
    (aevb.data.table(later, data.schema, condition=units), "'age' is real"),
    (aevb.data.table(later), "has the columns"),
    (aevb.data.table(later, condition=["age"]), "has the columns"),
  ):
    for call in calls(other):
      with pytest.raises(ValueError, match=f"{message}.*{options}"):
        call()


def test_a_table_is_not_an_array():
  data = aevb.data.table(TABLE, condition=["sex", "age"])
  vae = aevb.VAE.for_table(data, 2, (4,), condition=data.condition, seed=0)
  frame = pd.DataFrame(TABLE)
  for call in (
    lambda: vae(frame),
    lambda: vae((frame, frame)),
    lambda: aevb.evidence.estimate(vae, frame, condition=frame),
  ):
    with pytest.raises(TypeError, match="^x is a DataFrame: give vae.schema.encode"):
      call()
  wanted = vae.reconstruct(data.x, condition=frame)
  np.testing.assert_array_equal(vae((data.x, frame)), wanted)


def test_conditions_of_a_table_are_complete():
  table = {**TABLE, "age": np.where(np.arange(120) == 7, np.nan, TABLE["age"])}
  with pytest.raises(ValueError, match="column 'age': 1 of 120 values are missing"):
    aevb.data.table(table, condition=["age"])


@pytest.mark.parametrize("dtype", [str, object])
def test_names_of_a_pydataset_are_refused(dtype):
  """Keras cannot make tensors of them."""
  x, c = images()
  names = np.array(["a", "b", "c"], dtype)[c]
  vae = model(["a", "b", "c"])
  vae.compile("adam")
  for call in (vae.fit, vae.evaluate, vae.predict):
    with pytest.raises(TypeError, match="^y of the data set has dtype .*: number the"):
      call(paths.Batches(paths.Examples(x, names)), verbose=0)


def test_a_data_set_may_hold_conditions_of_any_shape():
  x, _ = images()
  data = aevb.data.ArrayDataset(x, x[..., 0], batch_size=4)
  vae = model((4, 4))
  vae.compile(keras.optimizers.SGD(0.0))
  wanted = vae.evaluate(x, x[..., 0], verbose=0)
  np.testing.assert_allclose(vae.evaluate(data, verbose=0), wanted, rtol=1e-5)
  stream = data.to_tf_data()
  np.testing.assert_allclose(vae.evaluate(stream, verbose=0), wanted, rtol=1e-5)
  vae.fit(stream, verbose=0)
  with pytest.raises(ValueError, match="y has NaN or infinite values"):
    aevb.data.ArrayDataset(x, np.full((12, 2), np.nan))
  with pytest.raises(ValueError, match="y has levels of 8 bits"):
    aevb.data.ArrayDataset(x, np.full((12, 2), 200, np.uint8))
