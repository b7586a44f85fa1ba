"""Calls from Python: eager calls with one example, and `predict` with many.

They are compared with a plain Keras model with the same layers and weights, but without
distributions: encoder, mean, decoder, sigmoid.
"""

import keras
import numpy as np
import tensorflow as tf

from benchmarks import worker
from benchmarks.inference import ours
from benchmarks.inference.request import HIDDEN, INPUT, LATENT, Request, weights

# On a CPU an eager call returns when its result is complete.
_CALLS = {
  "call": lambda vae, x, z: vae(x),
  "encode": lambda vae, x, z: vae.encode(x),
  "decode": lambda vae, x, z: vae.decode(z),
  "elbo": lambda vae, x, z: vae.elbo(x, seed=0),
  "sample": lambda vae, x, z: vae.sample(1, seed=0),
}
_EXACT = {"call": "reconstruct", "encode": "encode", "decode": "decode"}
_SHAPES = {"elbo": (1,), "sample": (1, INPUT)}


def eager(method: str):
  """A method of the model, called with one example.

  Args:
    method: `"call"`, `"encode"`, `"decode"`, `"elbo"` or `"sample"`.
  """
  vae = ours.model()
  x, z = (tf.constant(Request(what).inputs()) for what in ("encode", "decode"))
  call = _CALLS[method]
  _check(method, call(vae, x, z))
  return worker.repeated(lambda: call(vae, x, z))


def _check(method, answer):
  """Compares an answer with NumPy, or checks only its shape if it has noise."""
  if method in _EXACT:
    mean = answer if method == "call" else answer.mean()
    Request(_EXACT[method]).check(mean.numpy())
  else:
    assert answer.shape == _SHAPES[method] and np.isfinite(answer).all()


def plain_call():
  """The plain Keras model, called with one example."""
  request, model = Request("reconstruct"), plain()
  x = tf.constant(request.inputs())
  request.check(model(x).numpy())
  return worker.repeated(lambda: model(x))


def predict(batch_size: int):
  """`vae.predict` of `batch_size` examples, with Keras' own batches."""
  return _predict(ours.model(), batch_size)


def plain_predict(batch_size: int):
  """`predict` of the plain Keras model."""
  return _predict(plain(), batch_size)


def _predict(model, batch_size):
  request = Request("reconstruct", batch_size)
  x = request.inputs()
  return request.repeated(lambda: model.predict(x, verbose=0))


def plain() -> keras.Model:
  """Encoder, mean, decoder and sigmoid, with the weights of all contenders."""
  dense = keras.layers.Dense
  x = keras.Input((INPUT,))
  head = dense(2 * LATENT, name="head")(dense(HIDDEN, "tanh", name="hidden")(x))
  back = dense(HIDDEN, "tanh", name="back")(head[:, :LATENT])
  model = keras.Model(x, dense(INPUT, "sigmoid", name="logits")(back))
  for name, arrays in weights().items():
    model.get_layer(name).set_weights(arrays)
  return model
