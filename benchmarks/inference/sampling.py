"""Contenders that sample: noise, the decoder, and the means of the pixels."""

import itertools
import pathlib
import tempfile

import numpy as np

from benchmarks import worker
from benchmarks.inference.request import HIDDEN, LATENT, weights

_NUM = 256


def _repeated(draw):
  assert np.shape(draw(0)) == (_NUM, 784)
  seeds = itertools.count()
  return worker.repeated(lambda: draw(next(seeds)))


def call():
  """`vae.sample`, eagerly."""
  from benchmarks.inference import ours

  vae = ours.model()
  return _repeated(lambda i: vae.sample(_NUM, seed=i).numpy())


def saved_model():
  """The exported SavedModel."""
  import tensorflow as tf

  from aevb_tf import export
  from benchmarks.inference import ours

  path = pathlib.Path(tempfile.mkdtemp()) / "model"
  export.saved_model(ours.model(), path, only=["sample"])
  # Keeps a reference, since the functions of the model do not.
  loaded = tf.saved_model.load(str(path))

  def draw(i):
    sample = loaded.signatures["sample"]
    return sample(num=tf.constant(_NUM), seed=tf.constant([0, i]))["x_mean"].numpy()

  return _repeated(draw)


def litert():
  """The exported LiteRT file, on two threads."""
  from ai_edge_litert.interpreter import Interpreter

  from aevb_tf import export
  from benchmarks.inference import ours

  path = pathlib.Path(tempfile.mkdtemp()) / "model.tflite"
  export.tflite(ours.model(), path, only=["sample"])
  interpreter = Interpreter(str(path), num_threads=2)
  sample = interpreter.get_signature_runner("sample")

  def draw(i):
    return sample(num=np.int32(_NUM), seed=np.array([0, i], np.int32))["x_mean"]

  return _repeated(draw)


def torch():
  """PyTorch, with its own generator."""
  import torch
  from torch import nn

  layers = []
  for name in ("back", "logits"):
    kernel, bias = weights()[name]
    layer = nn.Linear(*kernel.shape)
    layer.weight.data, layer.bias.data = (
      torch.from_numpy(kernel.T.copy()),
      torch.from_numpy(bias),
    )
    layers.append(layer)
  assert layers[0].out_features == HIDDEN
  network = nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Sigmoid()).eval()

  @torch.inference_mode()
  def draw(i):
    generator = torch.Generator().manual_seed(i)
    return network(torch.randn((_NUM, LATENT), generator=generator)).numpy()

  return _repeated(draw)
