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
# # Noisy, incomplete and small digits
#
# A model that was trained on clean digits restores corrupted ones: it knows which digits
# there are. This tutorial removes noise, fills in a missing part, and raises the
# resolution. Each result stands beside that of a method without a model.

# %%
import aevb_tf as aevb

import keras
import numpy as np

keras.utils.set_random_seed(0)
train, test = aevb.data.load("digits"), aevb.data.load("digits", split="test")
x, clean = np.float32(train.x) / 255, np.float32(test.x[:30]) / 255

# %% [markdown]
# ## Train on clean digits
#
# The likelihood is a Gaussian with a standard deviation of 0.15, about the size of what the
# decoder cannot represent.

# %%
vae = aevb.VAE(
  aevb.networks.MLPEncoder(20, (200,), activation="relu"),
  aevb.networks.MLPDecoder(
    (28, 28, 1),
    (200,),
    likelihood={"name": "gaussian", "scale": 0.15, "unit_mean": True},
    activation="relu",
  ),
  seed=0,
)
vae.compile(keras.optimizers.Adam(1e-3))
vae.fit(x, batch_size=32, epochs=15, verbose=0)

# %% [markdown]
# Images are compared by the peak signal-to-noise ratio (PSNR) in decibels,
# $-10 \log_{10}$ of the mean squared error of pixels in [0, 1]. Higher is better.


# %%
def psnr(restored):
  error = np.mean((np.asarray(restored) - clean) ** 2, axis=(1, 2, 3))
  return f"{np.mean(-10 * np.log10(error)):.1f} dB"


def show(*rows):
  """Clean digits, and each row of images below them."""
  images = np.concatenate([np.asarray(row)[:10] for row in (clean, *rows)])
  return aevb.plots.samples(np.clip(images, 0, 1), columns=10, title="")


# %% [markdown]
# ## Noise
#
# Every pixel has Gaussian noise with a standard deviation of 0.4. `denoise` estimates
# $E[x|y]$, the mean of the clean digit given the noisy one. A median filter and principal
# components (PCA) know nothing of digits, or only their linear structure.

# %%
from scipy.ndimage import median_filter
from sklearn.decomposition import PCA

rng = np.random.default_rng(0)
noisy = clean + np.float32(0.4 * rng.normal(size=clean.shape))
denoised = aevb.tasks.denoise(vae, noisy, {"name": "gaussian", "scale": 0.4})

pca = PCA(20).fit(x.reshape(-1, 784))
projected = pca.inverse_transform(pca.transform(noisy.reshape(-1, 784)))
filtered = median_filter(noisy, (1, 3, 3, 1))
print("noisy        ", psnr(noisy))
print("median filter", psnr(filtered))
print("PCA          ", psnr(projected.reshape(clean.shape)))
print("denoise      ", psnr(denoised.mean))
show(noisy, filtered, denoised.mean)

# %% [markdown]
# The result has a standard deviation for each pixel. It is largest at the ends and the
# borders of strokes.

# %%
aevb.plots.samples(denoised.stddev[:10] / denoised.stddev.max(), columns=10, title="")

# %% [markdown]
# ## A missing part
#
# The lower half is missing. The result is the mean of what it can be; its standard
# deviation is large where the upper half does not decide.

# %%
observed = np.ones((28, 28, 1), bool)
observed[14:] = False
filled = aevb.tasks.inpaint(vae, clean, observed)
print("mean of the training digits", psnr(np.where(observed, clean, x.mean(axis=0))))
print("inpaint                    ", psnr(filled.mean))
show(np.where(observed, clean, 0.5), filled.mean, filled.stddev)

# %% [markdown]
# ## Low resolution
#
# Blocks of 4 by 4 pixels are averaged. Bicubic interpolation is smooth;
# `super_resolve` has learned that strokes have borders.

# %%
import tensorflow as tf

small = clean.reshape(-1, 7, 4, 7, 4, 1).mean(axis=(2, 4))
resolved = aevb.tasks.super_resolve(vae, small, factor=4, scale=0.02)
bicubic = tf.image.resize(small, (28, 28), method="bicubic")
print("bicubic      ", psnr(bicubic))
print("super_resolve", psnr(resolved.mean))
show(bicubic, resolved.mean)

# %% [markdown]
# [Restore images](../../howto/restoration/) has the noise models, and when a result cannot
# be trusted.
