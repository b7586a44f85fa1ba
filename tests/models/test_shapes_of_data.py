"""Data of another shape are refused on every path, before anything is updated."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from tests.models import paths
from tests.models.test_vae import digits
from tests.oracle import tiny_vae

X = digits(20)  # [20, 4, 3, 1]
CHANNELS_FIRST = X.transpose(0, 3, 1, 2)
# All of these would broadcast against what the decoder gives.
WRONG = {
  "channels first": CHANNELS_FIRST,
  "no channels": X[..., 0],
  "flat": X.reshape(20, 12),
  "one pixel": X[:, :1, :1],
}
BOTH = (
  r"^The data have shape \(1, 4, 3\), but the model needs data of shape \(4, 3, 1\)"
)


@pytest.fixture(scope="module")
def vae():
  vae = tiny_vae()
  vae.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
  return vae


@pytest.fixture(scope="module")
def compiled():
  vae = tiny_vae()
  vae.compile(keras.optimizers.SGD(0.1))
  return vae


def refused(model, run, x, match=BOTH):
  with paths.unchanged(model), pytest.raises(ValueError, match=match) as error:
    run(model, paths.Examples(x))
  assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", paths.ALL)
def test_every_path_refuses_channels_first(path, vae):
  refused(vae, paths.ALL[path], CHANNELS_FIRST)


@pytest.mark.parametrize("path", ["tf.data of unknown shape", "generator"])
def test_compiled_loops_refuse_it_as_they_run(path, compiled):
  refused(compiled, paths.TRAIN[path], CHANNELS_FIRST)
  refused(compiled, paths.TEST[path], CHANNELS_FIRST)


@pytest.mark.parametrize("name", WRONG)
def test_shapes_that_would_broadcast_are_refused(name, vae):
  x = WRONG[name]
  shape = str(x.shape[1:]).replace("(", r"\(").replace(")", r"\)")
  for path in ("array", "tf.data", "tf.data of unknown shape"):
    refused(vae, paths.TRAIN[path], x, f"^The data have shape {shape}, but")


@pytest.mark.parametrize("model", [aevb.WakeSleep, aevb.FullVB])
@pytest.mark.parametrize("path", ["array", "tf.data of unknown shape"])
def test_other_models_refuse_it(model, path):
  vae = tiny_vae(model=model, dataset_size=20)
  vae.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
  refused(vae, paths.TRAIN[path], CHANNELS_FIRST)
  refused(vae, paths.TEST[path], CHANNELS_FIRST)


@pytest.mark.parametrize("path", ["array", "tf.data of unknown shape"])
def test_monte_carlo_em_refuses_it(path):
  em = aevb.MonteCarloEM(aevb.networks.MLPDecoder((4, 3, 1), (8,)), 2)
  em.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
  refused(em, paths.TRAIN[path], CHANNELS_FIRST)
  refused(em, paths.TEST[path], CHANNELS_FIRST)


ANSWERS = {
  "encode": lambda vae, x: vae.encode(x),
  "reconstruct": lambda vae, x: vae.reconstruct(x),
  "elbo": lambda vae, x: vae.elbo(x),
  "kl_per_dimension": lambda vae, x: vae.kl_per_dimension(x),
  "log_marginal": lambda vae, x: vae.log_marginal(x, num_samples=2),
  "predict": lambda vae, x: vae.predict(x, verbose=0),
  "call": lambda vae, x: vae(x),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_refuses_it(answer, vae):
  # Keras adds lines to errors within a call.
  with pytest.raises(ValueError, match=BOTH.removeprefix("^")):
    ANSWERS[answer](vae, CHANNELS_FIRST)


@pytest.mark.parametrize("answer", ["encode", "reconstruct", "elbo"])
def test_a_graph_that_does_not_know_the_shape_checks_it_as_it_runs(answer, vae):
  signature = [tf.TensorSpec(None, tf.float32)]

  @tf.function(input_signature=signature, autograph=False)
  def answered(x):
    result = ANSWERS[answer](vae, x)
    return result.mean() if answer == "encode" else result

  assert len(answered(X)) == 20
  with pytest.raises(tf.errors.InvalidArgumentError, match="shape_of_the_data"):
    answered(CHANNELS_FIRST)


def test_latents_of_another_number_are_refused(vae):
  with pytest.raises(ValueError, match=r"have shape \(3,\)"):
    vae.decode(np.zeros((5, 3)))
