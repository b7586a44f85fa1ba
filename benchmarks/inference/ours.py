"""This package's model: called directly, with `predict`, and exported."""

import pathlib
import tempfile

import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import export
from benchmarks.inference.request import HIDDEN, INPUT, LATENT, Request, weights

_OUTPUT = {"encode": "mean", "decode": "x_mean"}


def model() -> aevb.VAE:
  """The model with the weights of all contenders."""
  hidden = {"hidden_units": (HIDDEN,), "activation": "tanh"}
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(LATENT, **hidden),
    aevb.networks.MLPDecoder((INPUT,), **hidden),
    seed=0,
  )
  vae.set_weights([array for layer in weights().values() for array in layer])
  return vae


def call(**options):
  """The model's own methods, eagerly: `vae.encode(x)`, `vae.decode(z)`."""
  request = Request(**options)
  vae, x = model(), tf.constant(request.inputs())
  method = {"encode": vae.encode, "decode": vae.decode}[request.what]
  return request.repeated(lambda: method(x).mean().numpy())


def predict(**options):
  """Keras' `predict` of the network, then the mean of the distribution."""
  request = Request(**options)
  vae, x = model(), request.inputs()
  network, family = {
    "encode": (vae.encoder, vae.posterior_family),
    "decode": (vae.decoder, vae.likelihood_family),
  }[request.what]

  def answer():
    params = network.predict(x, batch_size=len(x), verbose=0)
    return family.distribution(tf.constant(params)).mean().numpy()

  return request.repeated(answer)


def saved_model(**options):
  """The exported SavedModel, loaded by TensorFlow."""
  request = Request(**options)
  path = pathlib.Path(tempfile.mkdtemp()) / "model"
  export.saved_model(model(), path)
  loaded, x = tf.saved_model.load(str(path)), tf.constant(request.inputs())
  (name,) = loaded.signatures[request.what].structured_input_signature[1]

  def answer():
    return loaded.signatures[request.what](**{name: x})[_OUTPUT[request.what]].numpy()

  return request.repeated(answer)


def litert(threads: int = 1, **options):
  """The exported LiteRT file, in the on-device runtime."""
  from ai_edge_litert.interpreter import Interpreter

  request = Request(**options)
  path = pathlib.Path(tempfile.mkdtemp()) / "model.tflite"
  export.tflite(model(), path)
  interpreter = Interpreter(str(path), num_threads=threads)
  runner, x = interpreter.get_signature_runner(request.what), request.inputs()
  (name,) = runner.get_input_details()
  return request.repeated(lambda: runner(**{name: x})[_OUTPUT[request.what]])
