# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Your photos
#
# This tutorial trains a convolutional model on a folder of colour images. The "photos"
# are drawn by the next cell. To use your own, replace the folder.

# %%
import aevb_tf as aevb

import pathlib
import tempfile

import keras
import numpy as np
from PIL import Image, ImageDraw

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
folder = pathlib.Path(tempfile.mkdtemp(), "photos")
folder.mkdir()
for i in range(600):
  sky, ground, sun = (
    rng.integers((90, 140, 190), (180, 210, 256)),
    rng.integers((40, 90, 30), (120, 170, 90)),
    (250, 220, 90),
  )
  picture = Image.new("RGB", (32, 32), tuple(int(v) for v in sky))
  draw = ImageDraw.Draw(picture)
  horizon, column = int(rng.integers(14, 26)), int(rng.integers(4, 28))
  radius, height = int(rng.integers(3, 6)), int(rng.integers(4, horizon - 3))
  box = (column - radius, height - radius, column + radius, height + radius)
  draw.ellipse(box, fill=sun)
  draw.rectangle((0, horizon, 32, 32), fill=tuple(int(v) for v in ground))
  picture.save(folder / f"{i:04}.png")

# %% [markdown]
# ## Load
#
# All images in the folder must have the same size. A tenth of them is held out for
# testing.

# %%
train = aevb.data.load(folder, batch_size=32)
test = aevb.data.load(folder, split="test")
print(train)
x, _ = test[0]
aevb.plots.samples(x[:20], title="Photos")

# %% [markdown]
# ## Train
#
# Colours are numbers, not probabilities, so the likelihood is Gaussian. Its standard
# deviation is 0.1 on the scale of [0, 1]. With 540 photos in batches of 32, an epoch
# has only 17 updates, so a run needs many epochs. (With `scale="shared"`, the standard
# deviation is learned. It starts at 1, and needs a few thousand updates to decrease.)

# %%
likelihood = {"name": "gaussian", "scale": 0.1}
encoder = aevb.networks.ConvEncoder(8, filters=(16, 32), hidden_units=(64,))
decoder = aevb.networks.ConvDecoder(
  (32, 32, 3), filters=(32, 16), hidden_units=(64,), likelihood=likelihood
)
vae = aevb.VAE(encoder, decoder, seed=0)
vae.compile(keras.optimizers.Adam(2e-3))
history = vae.fit(train, validation_data=test, epochs=100, verbose=0).history
print(
  f"{int(vae.updates)} updates; the bound on test photos went from "
  f"{history['val_elbo'][0]:.0f} to {history['val_elbo'][-1]:.0f} nats"
)

# %%
aevb.plots.learning_curves(history)

# %% [markdown]
# ## Reconstructions and samples

# %%
aevb.plots.reconstructions(x[:10], vae.reconstruct(x[:10]))

# %%
aevb.plots.samples(vae.sample(20, seed=1))

# %% [markdown]
# If samples are blurred, train longer or use more `filters`. If all samples are alike,
# see [posterior collapse](../../howto/posterior_collapse/).
