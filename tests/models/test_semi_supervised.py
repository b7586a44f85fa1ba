"""M2: the bound with and without a label, its gradients, and all ways into the model.

The oracle is the linear-Gaussian model of each class of `test_conditions.Shifted`, with
a linear classifier, whose posterior p(y|x) is a softmax of linear logits.
"""

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.special
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.random import Purpose, as_seed, derive
from tests import stats
from tests.models import paths
from tests.models.test_conditions import CLASSES, SHAPE, Shifted, images
from tests.models.test_missing import exact_encoder

FRACTION, ALPHA = 0.4, 0.3
CLASS_PROBS = np.array([0.5, 0.3, 0.2])


def linear_classifier(kernel=None, bias=None):
  classifier = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(CLASSES)])
  if kernel is not None:
    classifier.build((None, len(kernel)))
    classifier.layers[-1].set_weights([kernel, bias])
  return classifier


def semi_supervised(exact, kernel, bias, **options):
  """The oracle as a model, with a linear classifier."""
  vae = exact.vae()
  options = {"class_probs": CLASS_PROBS, "alpha": ALPHA, "seed": 0, **options}
  return aevb.SemiSupervisedVAE(
    vae.encoder,
    vae.decoder,
    linear_classifier(kernel, bias),
    CLASSES,
    FRACTION,
    **options,
  )


def random_model(seed=0, **options):
  exact = Shifted(seed)
  rng = np.random.default_rng(seed + 1)
  kernel = rng.normal(size=(exact.x.shape[1], CLASSES))
  return exact, semi_supervised(exact, kernel, rng.normal(size=CLASSES), **options)


def exact_model(**options):
  """The encoder and the classifier are the exact posteriors."""
  exact = Shifted()
  exact.base = exact_encoder(exact.base)
  exact.encoder_shift = -exact.shift @ exact.base.encoder_weights.T
  dim = len(exact.base.bias)
  covariance = exact.base.weights @ exact.base.weights.T
  precision = np.linalg.inv(covariance + exact.base.stddev**2 * np.eye(dim))
  means = exact.base.bias + exact.shift
  # log p(y) + log N(x; m_y, S) is linear in x, up to a term that all classes share.
  bias = np.log(CLASS_PROBS) - 0.5 * np.einsum("yi,ij,yj->y", means, precision, means)
  return exact, semi_supervised(exact, (means @ precision).T, bias, **options)


def joint(exact, x):
  """log p(x, y) of each class, `[n, C]`."""
  each = [exact.of(c).log_evidence(x) for c in range(CLASSES)]
  return np.stack(each, axis=1) + np.log(CLASS_PROBS)


def parts_of(vae, x, y, seed=0, training=True):
  with vae.given_y(None if y is None else tf.constant(y, tf.int32)):
    rows = tf.range(len(x))
    return vae.bound_parts(tf.constant(x), as_seed(seed), rows, training)


# The bound, beside closed forms.


def closed_form(weights, stddev, x, y):
  """The objective of each example in float64, written out.

  Args:
    weights: Kernel and bias of the encoder, the decoder and the classifier.
    stddev: That of p(x|z, y).
    x: `[n, D]`.
    y: `[n]`, -1 without a label.

  Returns:
    bound, elbo, kl, log_likelihood, `[n]`.
  """
  encoder, encoder_bias, decoder, decoder_bias, classifier, classifier_bias = weights
  latents = len(decoder) - CLASSES
  log_likelihood, kl = [], []
  for c in range(CLASSES):
    hot = np.tile(np.eye(CLASSES)[c], (len(x), 1))
    output = np.concatenate([x, hot], axis=1) @ encoder + encoder_bias
    mean, log_variance = output[:, :latents], output[:, latents:]
    residual = x - np.concatenate([mean, hot], axis=1) @ decoder - decoder_bias
    square = np.sum(residual**2, 1) + np.exp(log_variance) @ np.sum(
      decoder[:latents] ** 2, 1
    )
    normaliser = x.shape[1] * np.log(2 * np.pi * stddev**2)
    log_likelihood.append(-0.5 * (square / stddev**2 + normaliser))
    terms = mean**2 + np.exp(log_variance) - 1 - log_variance
    kl.append(0.5 * np.sum(terms, axis=1))
  log_q = scipy.special.log_softmax(x @ classifier + classifier_bias, axis=1)
  has_label = (y >= 0)[:, None]
  hot = np.eye(CLASSES)[y]
  share = np.where(has_label, hot, np.exp(log_q))
  entropy = np.where(has_label[:, 0], 0.0, -np.sum(np.exp(log_q) * log_q, axis=1))
  kl = np.sum(share * (np.stack(kl, 1) - np.log(CLASS_PROBS)), axis=1) - entropy
  log_likelihood = np.sum(share * np.stack(log_likelihood, 1), axis=1)
  of_label = np.where(has_label[:, 0], np.sum(hot * log_q, axis=1), 0.0)
  elbo = log_likelihood - kl
  return elbo + ALPHA / FRACTION * of_label, elbo, kl, log_likelihood


def heads(vae):
  return [vae.encoder.head, vae.decoder.head, vae.classifier.layers[-1]]


def weights_of(vae):
  return [np.float64(w) for head in heads(vae) for w in head.get_weights()]


def labels_of(exact):
  """The class of every second example, else -1."""
  return np.where(np.arange(len(exact.c)) % 2, exact.c, -1)


def test_the_bound_is_the_closed_form(seeds):
  exact, vae = random_model()
  y = labels_of(exact)
  times = 2000
  found = parts_of(vae, np.tile(exact.x, (times, 1)), np.tile(y, times), seeds())
  wanted = closed_form(weights_of(vae), exact.base.stddev, np.float64(exact.x), y)
  for name, value in zip(
    ("bound", "elbo", "kl", "log_likelihood"), wanted, strict=True
  ):
    stats.assert_mean(np.reshape(getattr(found, name), (times, -1)), value)


def test_gradients_are_those_of_the_closed_form(seeds):
  exact, vae = random_model()
  x, y = exact.x[:8], labels_of(exact)[:8]
  variables = [v for head in heads(vae) for v in head.trainable_variables]

  @tf.function(autograph=False)
  def gradient(i):
    with tf.GradientTape() as tape, vae.given_y(tf.constant(y)):
      seed = derive(as_seed(seeds()), Purpose.EXPERIMENT, i)
      parts = vae.bound_parts(tf.constant(x), seed, tf.range(len(x)), True)
      value = tf.reduce_sum(parts.bound)
    flat = [tf.reshape(g, [-1]) for g in tape.gradient(value, variables)]
    return tf.concat(flat, axis=0)

  found = np.stack([gradient(tf.constant(i)) for i in range(2000)])
  weights, wanted = weights_of(vae), []
  for array in weights:
    for index in np.ndindex(array.shape):
      sides = []
      for step in (1e-5, -1e-5):
        array[index] += step
        bound = closed_form(weights, exact.base.stddev, np.float64(x), y)[0]
        sides.append(bound.sum())
        array[index] -= step
      wanted.append((sides[0] - sides[1]) / 2e-5)
  stats.assert_mean(found, np.array(wanted))


def test_with_all_labels_it_is_a_conditional_vae_and_a_classifier():
  exact, vae = random_model()
  plain = exact.vae()
  found = parts_of(vae, exact.x, exact.c)
  with plain.given(exact.c, len(exact.c)):
    rows = tf.range(len(exact.c))
    wanted = plain.bound_parts(tf.constant(exact.x), as_seed(0), rows, True)
  logits = vae.classifier(exact.x).numpy()
  log_q = scipy.special.log_softmax(logits, axis=1)
  of_label = log_q[np.arange(len(exact.c)), exact.c]
  log_p = np.log(CLASS_PROBS)[exact.c]
  np.testing.assert_allclose(found.elbo, wanted.elbo + log_p, rtol=1e-5)
  np.testing.assert_allclose(found.kl, wanted.kl - log_p, rtol=1e-5, atol=1e-5)
  np.testing.assert_allclose(found.log_likelihood, wanted.log_likelihood, rtol=1e-5)
  np.testing.assert_allclose(found.class_log_prob, of_label, rtol=1e-5)
  np.testing.assert_array_equal(found.accuracy, logits.argmax(1) == exact.c)
  whole = found.elbo + ALPHA / FRACTION * of_label
  np.testing.assert_allclose(found.bound, whole, rtol=1e-5)
  assert not np.any(np.isnan(found))


def test_without_labels_it_is_the_bound_of_all_classes():
  exact, vae = random_model()
  plain = exact.vae()
  rows = tf.range(len(exact.x))
  each = []
  for c in range(CLASSES):
    with plain.given(c, len(exact.x)):
      parts = plain.bound_parts(tf.constant(exact.x), as_seed(0), rows, True)
    each.append(parts.bound + np.log(CLASS_PROBS[c]))
  q = vae.classify(exact.x).numpy()
  wanted = np.sum(q * (np.stack(each, axis=1) - np.log(q)), axis=1)
  for y in (None, np.full(len(exact.x), -1)):
    found = parts_of(vae, exact.x, y)
    np.testing.assert_allclose(found.bound, wanted, rtol=1e-5)
    np.testing.assert_allclose(found.elbo, wanted, rtol=1e-5)
    assert np.all(np.isnan(found.class_log_prob)) and np.all(np.isnan(found.accuracy))


def test_exact_posteriors_make_the_bound_exact():
  # Every importance weight of the encoder is p(x|y).
  exact, vae = exact_model(bound={"name": "sgvb", "estimator": "A"}, alpha=0.0)
  x = np.float64(exact.x)
  log_joint = joint(exact, x)
  wanted = scipy.special.logsumexp(log_joint, axis=1)
  found = parts_of(vae, exact.x, None).bound
  np.testing.assert_allclose(found, wanted, rtol=1e-5)
  found = vae.log_marginal(exact.x, num_samples=10, seed=1)
  np.testing.assert_allclose(found, wanted, rtol=1e-5)
  posterior = scipy.special.softmax(log_joint, axis=1)
  for method in ("classifier", "importance"):
    found = vae.classify(exact.x, method=method, seed=1)
    np.testing.assert_allclose(found, posterior, atol=2e-5)
  # Of one class, the methods are about p(x|y).
  given = log_joint[:, 1] - np.log(CLASS_PROBS[1])
  found = vae.log_marginal(exact.x, num_samples=10, condition=1)
  np.testing.assert_allclose(found, given, rtol=1e-5)
  # With labels, the bound is of log p(x, y).
  wanted = log_joint[np.arange(len(x)), exact.c]
  found = parts_of(vae, exact.x, exact.c).bound
  np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_bounds_and_classes_are_those_of_a_conditional_vae_for_each_class():
  exact, vae = random_model()
  plain = exact.vae()
  each = [plain.elbo(exact.x, seed=1, condition=c) for c in range(CLASSES)]
  np.testing.assert_allclose(vae.elbo(exact.x, seed=1, condition=2), each[2], rtol=1e-5)
  log_joint = np.stack(each, axis=1) + np.log(CLASS_PROBS)
  q = vae.classify(exact.x).numpy()
  wanted = np.sum(q * (log_joint - np.log(q)), axis=1)
  np.testing.assert_allclose(vae.elbo(exact.x, seed=1), wanted, rtol=1e-5)
  found = vae.classify(exact.x, method=None, seed=1)
  np.testing.assert_allclose(found, scipy.special.softmax(log_joint, 1), atol=2e-5)


def test_class_probs_of_a_request_replace_those_of_the_model():
  exact, vae = exact_model()
  log_joint = joint(exact, np.float64(exact.x)) - np.log(CLASS_PROBS)
  found = vae.classify(exact.x, [1, 1, 1], method="importance", num_samples=5)
  np.testing.assert_allclose(found, scipy.special.softmax(log_joint, 1), atol=2e-5)
  with pytest.raises(ValueError, match="class_probs is for Bayes' rule"):
    vae.classify(exact.x, [1, 1, 1])


@pytest.mark.parametrize("bound", ["sgvb", "importance_weighted", "score_function"])
@pytest.mark.parametrize("prior", ["standard_normal", "conditional"])
def test_every_example_trains_all_weights(bound, prior):
  x, _ = images()
  vae = model(bound={"name": bound, "num_samples": 2}, prior=prior)
  with tf.GradientTape() as tape:
    total = tf.reduce_sum(parts_of(vae, x, np.full(len(x), -1)).bound)
  for gradient in tape.gradient(total, vae.trainable_variables):
    assert np.all(np.isfinite(gradient)) and np.any(gradient != 0.0)


# All ways into the model.


def model(condition=CLASSES, **options):
  keras.utils.set_random_seed(0)
  encoder = aevb.networks.MLPEncoder(2, (5,))
  decoder = aevb.networks.MLPDecoder(SHAPE, (5,))
  options = {"labelled_fraction": FRACTION, "seed": 0, **options}
  classifier = options.pop("classifier", None) or linear_classifier()
  return aevb.SemiSupervisedVAE(encoder, decoder, classifier, condition, **options)


def partly_labelled(n=12):
  x, c = images(n)
  return x, np.where(np.arange(n) % 2, c, -1).astype(np.int32)


def compiled(optimizer=None, options=None, **arguments):
  vae = model(**arguments)
  vae.compile(optimizer or keras.optimizers.SGD(0.0), **(options or {}))
  return vae


def means(parts, weights=None):
  """The metrics of a pass: means over the examples that have the value."""
  found = {}
  for name in aevb.SemiSupervisedVAE.measures:
    values = paths.joined(parts, name)
    rows = ~np.isnan(values)
    each = np.ones(len(values)) if weights is None else weights
    found[name] = np.average(values[rows], weights=each[rows])
  return found


WAYS = {k: v for k, v in paths.WEIGHTED_TRAIN.items() if "unknown" not in k}


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_training_gives_the_labels(way, weighted):
  x, y = partly_labelled()
  weights = np.linspace(0.5, 2, len(x)).astype(np.float32) if weighted else None
  vae, plain = compiled(), model()
  logs = WAYS[way](vae, paths.Examples(x, y, weights, batch_size=4))
  seed = derive(plain.seed, Purpose.TRAIN)
  parts = []
  for i, first in enumerate(range(0, len(x), 4)):
    batch = slice(first, first + 4)
    step = derive(seed, Purpose.STEP, i)
    parts.append(parts_of(plain, x[batch], y[batch], step))
  wanted = means(parts, weights)
  if way == "train_on_batch":  # its logs are joined as means over all examples
    wanted = {name: wanted[name] for name in ("elbo", "kl", "log_likelihood")}
  for name, value in wanted.items():
    np.testing.assert_allclose(logs[name], value, rtol=1e-5, err_msg=name)
  each = np.ones(len(x)) if weights is None else weights
  loss = -np.mean(each * paths.joined(parts, "bound"))
  np.testing.assert_allclose(logs["loss"], loss, rtol=1e-5)


@pytest.mark.parametrize("way", [w for w in paths.WEIGHTED_TEST if "unknown" not in w])
def test_every_way_of_evaluating_gives_the_labels(way):
  x, y = partly_labelled()
  vae = compiled()
  logs = paths.WEIGHTED_TEST[way](vae, paths.Examples(x, y))
  parts = parts_of(vae, x, y, derive(vae.seed, Purpose.TEST), training=False)
  for name, value in means([parts]).items():
    np.testing.assert_allclose(logs[name], value, rtol=1e-5, err_msg=name)


def test_data_without_labels_need_no_y():
  x, _ = images()
  none = np.full(len(x), -1)
  wanted = compiled().evaluate(x, none, verbose=0, return_dict=True)
  assert np.isnan(wanted["accuracy"])
  stream = tf.data.Dataset.from_tensor_slices(x).batch(4)
  for data in (x, aevb.data.ArrayDataset(x), stream):
    found = compiled().evaluate(data, verbose=0, return_dict=True)
    np.testing.assert_allclose(list(found.values()), list(wanted.values()), rtol=1e-5)
    assert np.isfinite(compiled().fit(data, verbose=0).history["loss"])


@pytest.mark.parametrize(
  "labels",
  [
    np.array(["b", None, "c"], object),
    np.array([1, -1, 2]),
    np.array([1.0, np.nan, 2.0]),
    np.array([[1], [-1], [2]]),
    np.array(["b", np.nan, "c"], object),
    pd.Series(["b", None, "c"], dtype="string").array,
    np.ma.array([1, 0, 2], mask=[False, True, False]),
  ],
  ids=["names", "codes", "NaN", "column", "names and NaN", "NA", "masked"],
)
def test_labels_may_be_names_or_codes(labels):
  x, _ = images(3)
  is_name = labels.dtype in (object, "string")
  vae = compiled(condition=["a", "b", "c"] if is_name else CLASSES)
  wanted = compiled().evaluate(x, np.array([1, -1, 2]), verbose=0)
  np.testing.assert_allclose(vae.evaluate(x, labels, verbose=0), wanted, rtol=1e-6)


def test_labels_of_a_stream_may_be_nan():
  x, y = partly_labelled()
  wanted = compiled().evaluate(x, y, verbose=0)
  labels = np.where(y < 0, np.nan, y)
  stream = tf.data.Dataset.from_tensor_slices((x, labels)).batch(4)
  np.testing.assert_allclose(compiled().evaluate(stream, verbose=0), wanted, rtol=1e-5)
  by_step = compiled().test_on_batch(x, labels)
  np.testing.assert_allclose(by_step, wanted, rtol=1e-5)


def test_predictions_use_the_label_or_the_most_probable_class():
  x, y = partly_labelled()
  vae = compiled()
  best = np.argmax(vae.classify(x), axis=1)
  wanted = vae.reconstruct(x, condition=best)
  for found in (vae(x), vae.reconstruct(x), vae.predict(x, verbose=0)):
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
  filled = np.where(y < 0, best, y)
  wanted = vae.reconstruct(x, condition=filled)
  stream = tf.data.Dataset.from_tensor_slices((x, y)).batch(5)
  for found in (vae.predict((x, y), verbose=0), vae.predict(stream, verbose=0)):
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_eager_training_and_a_device_loop_agree():
  x, y = partly_labelled()
  found = []
  for options in ({}, {"run_eagerly": True}, {"device_loop": False}):
    vae = compiled(keras.optimizers.Adam(0.01), options)
    vae.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    found.append(vae.get_weights())
  for weights in found[1:]:
    for a, b in zip(found[0], weights, strict=True):
      np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


def test_examples_without_a_label_train_the_classifier_to_the_posterior():
  """With the exact model the bound is log p(x) - KL(q(y|x) || p(y|x))."""
  exact, vae = exact_model(bound={"name": "sgvb", "estimator": "A"})
  wanted = vae.classify(exact.x).numpy()
  head = vae.classifier.layers[-1]
  head.set_weights([np.zeros_like(w) for w in head.get_weights()])
  assert np.max(np.abs(vae.classify(exact.x) - wanted)) > 0.4
  vae.encoder.trainable = vae.decoder.trainable = False
  vae.compile(keras.optimizers.Adam(0.05))
  vae.fit(exact.x, batch_size=30, shuffle=False, steps_per_epoch=4000, verbose=0)
  np.testing.assert_allclose(vae.classify(exact.x), wanted, atol=0.01)


def test_missing_values_are_left_out_for_all_networks():
  x, y = partly_labelled()
  gaps = np.where(np.arange(x.size).reshape(x.shape) % 5, x, np.nan)
  vae = compiled(missing={"encode_mask": True})
  logs = vae.evaluate(gaps, y, verbose=0, return_dict=True)
  assert logs["observed"] == pytest.approx(np.mean(~np.isnan(gaps)))
  assert np.isfinite(logs["elbo"]) and np.all(np.isfinite(vae.classify(gaps)))


def test_it_is_saved_loaded_and_resumed(tmp_path):
  x, y = partly_labelled()
  options = {"class_probs": CLASS_PROBS, "alpha": ALPHA, "prior": "conditional"}
  vae = compiled(keras.optimizers.Adam(0.01), condition=["a", "b", "c"], **options)
  names = np.array(["a", "b", "c", None], object)[y]
  whole = compiled(keras.optimizers.Adam(0.01), condition=["a", "b", "c"], **options)
  whole.fit(x, names, batch_size=4, epochs=2, verbose=0)
  vae.fit(x, names, batch_size=4, epochs=1, verbose=0)
  vae.save(tmp_path / "model.keras")
  again = aevb.load(tmp_path / "model.keras")
  np.testing.assert_array_equal(again.elbo(x, seed=1), vae.elbo(x, seed=1))
  np.testing.assert_array_equal(again.classify(x), vae.classify(x))
  assert again.evaluate(x, names, verbose=0) == vae.evaluate(x, names, verbose=0)
  again.fit(x, names, batch_size=4, epochs=2, initial_epoch=1, verbose=0)
  for a, b in zip(again.get_weights(), whole.get_weights(), strict=True):
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("frozen", [False, True])
def test_its_generative_part_is_a_conditional_vae(frozen):
  x, c = images()
  vae = model()
  vae.classifier.layers[-1].trainable = not frozen
  plain = vae.to_vae()
  assert type(plain) is aevb.VAE
  wanted = vae.elbo(x, seed=1, condition=c)
  np.testing.assert_array_equal(plain.elbo(x, seed=1, condition=c), wanted)
  plain.decoder.head.bias.assign_add(tf.ones_like(plain.decoder.head.bias))
  np.testing.assert_array_equal(vae.elbo(x, seed=1, condition=c), wanted)


# Mistakes.


@pytest.mark.parametrize(
  "options, message",
  [
    ({"condition": (3,)}, "number of classes"),
    ({"condition": None}, "number of classes"),
    ({"labelled_fraction": 0}, "labelled_fraction=0"),
    ({"labelled_fraction": 60}, "labelled_fraction=60"),
    ({"labelled_fraction": None}, "labelled_fraction=None must be the share"),
    ({"alpha": -1.0}, "alpha=-1.0"),
    ({"alpha": "0.1"}, "alpha='0.1' must be a number"),
    ({"class_probs": [0.5, 0.5]}, "3 positive numbers"),
    ({"classifier": keras.Sequential([keras.layers.Dense(3)])}, "must return 3 logits"),
    (
      {
        "classifier": keras.Sequential(
          [keras.layers.Flatten(), keras.layers.Dense(3, "softmax")]
        )
      },
      "ends in a softmax",
    ),
  ],
)
def test_impossible_arguments_are_refused(options, message):
  with pytest.raises(ValueError, match=message):
    model(**options)


@pytest.mark.parametrize(
  "call, message",
  [
    (lambda vae, x: vae.encode(x), "pass condition="),
    (lambda vae, x: vae.sample(2), "pass condition="),
    (lambda vae, x: vae.impute(x), "pass condition="),
    (lambda vae, x: vae.elbo(x, condition=3), "class 3"),
    (lambda vae, x: vae.elbo(x, condition=-1), "class -1"),
    (lambda vae, x: vae.fit(x, np.full(len(x), 7), verbose=0), "class 7"),
    (lambda vae, x: vae.fit(x, np.eye(3)[[0] * len(x)], verbose=0), "np.argmax"),
  ],
)
def test_what_is_wrong_with_a_label_is_said(call, message):
  x, _ = images()
  vae = compiled()
  with pytest.raises(ValueError, match=message):
    call(vae, x)


@pytest.mark.parametrize("label", [9, -2])
def test_a_stream_with_an_invalid_class_is_an_error(label):
  x, _ = images()
  stream = tf.data.Dataset.from_tensor_slices((x, np.full(len(x), label))).batch(4)
  vae = compiled()
  for call in (vae.fit, vae.evaluate):
    with pytest.raises(ValueError, match="0, ..., 2. Examples without a label have -1"):
      call(stream, verbose=0)
