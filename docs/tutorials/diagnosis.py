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
# # What is wrong with this model?
#
# Three models of the same measurements, two of them broken, and what a diagnosis says about
# them. The data have four columns, which depend on two hidden numbers.

# %%
import aevb_tf as aevb

import keras
import numpy as np

rng = np.random.default_rng(0)
hidden = rng.normal(size=(3000, 2))
noise = 0.3 * rng.normal(size=(3000, 4))
x = np.float32(hidden @ [[1.0, 1, 0, 1], [0, 1, 1, -1]] + noise)
x_train, x_test = x[:2000], x[2000:]
checks = ["overfitting", "collapse", "aggregate", "calibration", "coverage"]


def trained(likelihood):
  """A VAE with two latents."""
  keras.utils.set_random_seed(0)
  encoder = aevb.networks.MLPEncoder(2, (32,))
  decoder = aevb.networks.MLPDecoder((4,), (32,), likelihood=likelihood)
  vae = aevb.VAE(encoder, decoder, seed=0)
  vae.compile(keras.optimizers.Adam(0.01))
  vae.fit(x_train, epochs=20, batch_size=100, verbose=0)
  return vae


# %% [markdown]
# ## A model that learns its noise
#
# `scale="shared"` learns the standard deviation of the noise. No check warns.

# %%
good = trained({"name": "gaussian", "scale": "shared"})
of_good = good.diagnose(x_train, x_test, checks=checks, seed=0)
print(of_good)

# %% [markdown]
# ## Noise that is too large
#
# A standard deviation of 1 explains most of the data as noise. The values lie in the
# intervals of p(x|z) far too often.

# %%
wide = trained({"name": "gaussian", "scale": 1.0})
report = wide.diagnose(x_train, x_test, checks=checks, seed=0)
print("\n".join(report.lines()))

# %% [markdown]
# ## Where the bound is lost
#
# The bound is below log p(x) by two gaps. An encoder whose weights are disturbed has a large
# amortization gap: the best q(z|x) of the same family is much better than its own.

# %%
disturbed = trained({"name": "gaussian", "scale": "shared"})
weights = [w + 0.05 * rng.normal(size=w.shape) for w in disturbed.encoder.get_weights()]
disturbed.encoder.set_weights(weights)
report = disturbed.diagnose(x_train, x_test, checks=["gaps"], num_refined=16, seed=0)
print(report)

# %% [markdown]
# ## A picture

# %%
aevb.plots.diagnosis(of_good.arrays)
