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
# # Digits in five minutes
#
# This tutorial trains a variational auto-encoder on 4,000 handwritten digits, plots
# what it has learned, and saves it. The digits come with a dependency, so nothing is
# downloaded.

# %%
import aevb_tf as aevb

import keras

keras.utils.set_random_seed(0)
train, test = aevb.data.load("digits"), aevb.data.load("digits", split="test")
train

# %% [markdown]
# ## Train
#
# The encoder maps a digit to a distribution over 10 latents, and the decoder maps
# latents to pixels. `fit` maximises `elbo`, a lower bound on $\log p(x)$. It is
# `log_likelihood` minus `kl`. All three are in nats per digit.

# %%
encoder = aevb.networks.MLPEncoder(latent_dim=10, hidden_units=(300,))
decoder = aevb.networks.MLPDecoder((28, 28, 1), hidden_units=(300,))
vae = aevb.VAE(encoder, decoder, seed=0)
vae.compile(optimizer=keras.optimizers.Adam(2e-3))
history = vae.fit(train, validation_data=test, epochs=30, verbose=0).history

for epoch in (0, 9, 19, 29):
  elbo, val_elbo = history["elbo"][epoch], history["val_elbo"][epoch]
  print(f"epoch {epoch + 1:2}: elbo {elbo:.1f}, on test digits {val_elbo:.1f}")

# %% [markdown]
# ## Reconstructions
#
# The plot has test digits, and below each of them the mean of $p(x|z)$ at the mean of
# $q(z|x)$.

# %%
x, labels = test[0]  # a batch: 100 digits and their labels
aevb.plots.reconstructions(x[:10], vae.reconstruct(x[:10]))

# %% [markdown]
# ## New digits
#
# Latents are drawn from the prior and decoded. The same seed gives the same digits.

# %%
aevb.plots.samples(vae.sample(36, seed=1))

# %% [markdown]
# ## Information in the latents
#
# The KL of a latent measures the information that it carries about a digit. A latent
# with a KL of zero is not used.

# %%
aevb.plots.kl_per_dimension(vae.kl_per_dimension(x).numpy().mean(0))

# %% [markdown]
# To interpolate between two digits, decode the points on a straight line between their
# codes:

# %%
import tensorflow as tf

codes = vae.encode(x).mean()
steps = tf.linspace(0.0, 1.0, 10)[:, tf.newaxis]
between = vae.decode((1 - steps) * codes[0] + steps * codes[1]).mean()
aevb.plots.samples(between, title="From one digit to another")

# %% [markdown]
# ## Save and load

# %%
import pathlib
import tempfile

path = pathlib.Path(tempfile.mkdtemp(), "digits.keras")
vae.save(path)
same = aevb.load(path)
bool(tf.reduce_all(same.sample(4, seed=1) == vae.sample(4, seed=1)))

# %% [markdown]
# Next: [your own images](../../start/images/), or
# [what the estimators of the paper do](../estimators/).
