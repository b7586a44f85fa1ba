"""This package: `VAE.for_table`, and `fit` of a data set."""

import keras

import aevb_tf as aevb
from benchmarks.tables.rows import LEARNING_RATE, Work


def train(**options):
  """An epoch of `fit`."""
  work = Work(**options)
  schema = work.schema()
  data = aevb.data.ArrayDataset(
    work.x(), batch_size=work.batch_size, shuffle=True, schema=schema
  )
  units = (work.hidden_units, work.hidden_units)
  vae = aevb.VAE.for_table(data, work.latent_dim, units, seed=0)
  vae.compile(keras.optimizers.Adam(LEARNING_RATE))
  epochs = 0

  def epoch():
    nonlocal epochs
    history = vae.fit(data, initial_epoch=epochs, epochs=epochs + 1, verbose=0)
    epochs += 1
    return {"elbo": float(history.history["elbo"][-1])}

  return epoch
