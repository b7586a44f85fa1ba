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
# # Estimators and their variance
#
# This tutorial shows why the paper reparameterizes. All estimators below have the same
# mean, the gradient of the bound. They differ in how far a single draw is from it.

# %%
import aevb_tf as aevb

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(0)
train = aevb.data.load("digits")
bounds = aevb.bounds

encoder = aevb.networks.MLPEncoder(5, hidden_units=(100,))
decoder = aevb.networks.MLPDecoder((28, 28, 1), hidden_units=(100,))
vae = aevb.VAE(encoder, decoder, seed=0)
vae.compile("adam")
_ = vae.fit(train, epochs=10, verbose=0)

# %% [markdown]
# ## One gradient, many draws
#
# `gradients` estimates the gradient of the bound of one minibatch with respect to the
# last bias of the encoder, many times with different noise.

# %%
x = tf.constant(train[0][0][:50])
rows = tf.range(50)


def gradients(bound, number=300):
  """Draws of the gradient, `[number, parameters]`."""
  model = aevb.VAE(encoder, decoder, bound=bound)
  bias = encoder.head.bias.value

  @tf.function(autograph=False)
  def gradient(seed):
    with tf.GradientTape() as tape:
      tape.watch(bias)
      parts = model.bound_parts(x, seed, rows, training=True)
      loss = -tf.reduce_mean(parts.bound)
    return tape.gradient(loss, bias)

  return np.stack([gradient(aevb.random.as_seed(i)) for i in range(number)])


draws = {
  "B": gradients(bounds.SGVB("B")),
  "A": gradients(bounds.SGVB("A")),
  "A, L = 10": gradients(bounds.SGVB("A", num_samples=10)),
  "score function": gradients(bounds.ScoreFunction()),
}

# %% [markdown]
# The means agree within their errors, but the variances differ.

# %%
for name, sample in draws.items():
  variance = sample.var(0).mean()
  error = np.sqrt((sample.var(0) / len(sample)).mean())
  distance = np.sqrt(((sample.mean(0) - draws["B"].mean(0)) ** 2).mean())
  print(
    f"{name:15} variance {variance:10.4f}   mean differs from B's by {distance:.3f}"
    f" (expected: about {error:.3f})"
  )

# %%
figure, axis = plt.subplots(figsize=(7, 3))
axis.bar(list(draws), [sample.var(0).mean() for sample in draws.values()], color="C0")
axis.set(yscale="log", ylabel="variance of the gradient")
plt.show()

# %% [markdown]
# The score function estimator needs only $\log q(z|x)$, so it also works if there is no
# reparameterization. However, its variance is orders of magnitude larger. [The paper's
# figures](../../figures/) has this measurement on MNIST, with confidence intervals.
#
# ## Tighter bounds
#
# Importance weighting makes the bound tighter as K grows.

# %%
for num_samples in (1, 5, 50):
  bound = bounds.ImportanceWeighted(num_importance_samples=num_samples)
  model = aevb.VAE(encoder, decoder, bound=bound)
  value = model.bound_parts(x, aevb.random.as_seed(0), rows, training=False).bound
  print(f"K = {num_samples:2}: {tf.reduce_mean(value):.2f} nats")
