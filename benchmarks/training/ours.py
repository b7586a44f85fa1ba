"""This package: `vae.fit(aevb.data.load(...))`, as in the README."""

import multiprocessing
import os
import pathlib
import tempfile

import keras
import numpy as np

import aevb_tf as aevb
from benchmarks.training.workload import LEARNING_RATE, Workload


def model(work: Workload, **compile_options) -> aevb.VAE:
  """The compiled model."""
  keras.config.set_dtype_policy(work.dtype_policy)
  encoder, decoder = _NETWORKS[work.network](work)
  if work.importance:
    bound = aevb.bounds.ImportanceWeighted(work.num_samples)
  else:
    bound = aevb.bounds.SGVB("B", work.num_samples)
  vae = aevb.VAE(encoder, decoder, bound=bound, seed=0)
  vae.compile(keras.optimizers.Adagrad(LEARNING_RATE), **compile_options)
  return vae


def _mlp(work):
  hidden = {"hidden_units": (work.hidden_units,), "activation": "tanh"}
  return (
    aevb.networks.MLPEncoder(work.latent_dim, **hidden),
    aevb.networks.MLPDecoder(work.event_shape, **hidden),
  )


def _conv(work):
  return (
    aevb.networks.ConvEncoder(work.latent_dim),
    aevb.networks.ConvDecoder(work.event_shape),
  )


_NETWORKS = {"mlp": _mlp, "conv": _conv}


def train(streamed: bool = False, **options):
  """An epoch of `fit`, with data in memory or, if `streamed`, from `tf.data`."""
  work = Workload(**options)
  # As `aevb.data.load` stores images.
  data = aevb.data.ArrayDataset(
    work.images(), None, work.batch_size, True, 0, work.binarization
  )
  return _epochs(model(work), data.to_tf_data() if streamed else data)


def train_from_file(**options):
  """An epoch of `fit` over a file of images that does not need to fit into memory.

  Only memory that is not backed by a file counts, since pages of the file stay mapped
  as long as no other process needs the memory.
  """
  work = Workload(**options)
  path = pathlib.Path(tempfile.mkdtemp()) / "train.npy"
  # Written by another process, so that its memory does not count.
  process = multiprocessing.get_context("fork").Process(
    target=lambda: np.save(path, work.images())
  )
  process.start()
  process.join()
  data = aevb.data.load(str(path), batch_size=work.batch_size, in_memory=False)
  run = _epochs(model(work), data)
  return lambda: {**run(), "memory": _anonymous()}


def _anonymous():
  _, resident, shared, *_ = pathlib.Path("/proc/self/statm").read_text().split()
  return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def _epochs(vae, data):
  epochs = 0

  def epoch():
    nonlocal epochs
    history = vae.fit(data, initial_epoch=epochs, epochs=epochs + 1, verbose=0)
    epochs += 1
    return {"elbo": float(history.history["elbo"][-1])}

  return epoch
