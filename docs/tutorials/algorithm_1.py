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
# # Algorithm 1 by hand
#
# `vae.fit` runs the paper's Algorithm 1. This tutorial writes the same algorithm as a
# plain loop, in which you can inspect and change every step. It runs in about half a
# minute.

# %%
import aevb_tf as aevb

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf


digits = aevb.data.load("digits")
x = digits.x[:1000] / np.float32(255)  # kept as uint8
N, M = len(x), 100
x.shape, x.dtype

# %% [markdown]
# ## The model
#
# An encoder returns the parameters of $q_\phi(z|x)$, and a decoder those of
# $p_\theta(x|z)$. `VAE` combines the two with a prior.

# %%
keras.utils.set_random_seed(0)
encoder = aevb.networks.MLPEncoder(5, hidden_units=(200,))
decoder = aevb.networks.MLPDecoder((28, 28, 1), hidden_units=(200,))
vae = aevb.VAE(encoder, decoder, seed=0)
vae.build((None, 28, 28, 1))

# %% [markdown]
# ## The terms of the bound
#
# `vae.terms` encodes a batch, draws $z = g_\phi(\epsilon, x)$, and evaluates every
# log-density that a bound may need. The noise is a function of the seed and of the
# number of the row, so the same seed gives the same terms.

# %%
rows = tf.range(M)
seed = aevb.random.as_seed(0)
terms = vae.terms(tf.constant(x[:M]), seed, rows)
for name in ("log_likelihood", "log_prior", "log_q", "kl"):
  print(f"{name:15} {getattr(terms, name).shape}")

# %% [markdown]
# Both estimators are functions of these terms. Their means over the noise are equal,
# but B varies less, since its KL is computed in closed form and not sampled.


# %%
def draws(estimator, number=200):
  """The estimate of the bound of one example, for many seeds."""
  first, row = tf.constant(x[:1]), tf.zeros([1], tf.int32)

  @tf.function(autograph=False)
  def evaluate(seed):
    return estimator(vae.terms(first, seed, row))[0]

  seeds = [aevb.random.as_seed(i) for i in range(number)]
  return np.array([evaluate(seed) for seed in seeds])


a, b = draws(aevb.bounds.sgvb_a), draws(aevb.bounds.sgvb_b)
print(f"A: mean {a.mean():.2f}, standard deviation {a.std():.3f} nats")
print(f"B: mean {b.mean():.2f}, standard deviation {b.std():.3f} nats")

# %% [markdown]
# ## The loop
#
# Each step of Algorithm 1 takes a minibatch of $M$ examples, draws noise, computes the
# gradient of $\tilde{\mathcal{L}}^M$ (eq. 8), and makes an update with Adagrad.

# %%
optimizer = keras.optimizers.Adagrad(learning_rate=0.02)
optimizer.build(vae.trainable_variables)
rng = np.random.default_rng(0)


@tf.function(autograph=False)
def update(minibatch, seed):
  with tf.GradientTape() as tape:
    terms = vae.terms(minibatch, seed, rows, training=True)
    bound = aevb.bounds.sgvb_b(terms)  # [M], nats per example
    loss = -aevb.bounds.minibatch_bound(bound, dataset_size=N)  # eq. 8
  gradients = tape.gradient(loss, vae.trainable_variables)
  optimizer.apply(gradients)
  return -loss / N


history = []
for step in range(1000):
  minibatch = tf.constant(x[rng.choice(N, M, replace=False)])
  history.append(update(minibatch, aevb.random.as_seed(step)))

# %%
figure, axis = plt.subplots(figsize=(7, 3))
axis.plot(history)
axis.set(xlabel="update", ylabel="bound, nats per example")
plt.show()

# %% [markdown]
# The loop has trained the weights of `vae`, so all of its methods use them:

# %%
figure = aevb.plots.samples(vae.sample(36, seed=1))
figure

# %% [markdown]
# `fit` makes the same updates in fewer lines. It also runs many of them in one compiled
# call, checks for NaN, and supports Keras's callbacks and metrics:
#
# ```python
# vae = aevb.VAE(encoder, decoder, dataset_size=N)
# vae.compile(keras.optimizers.Adagrad(0.02))
# vae.fit(x, batch_size=100, epochs=100)
# ```
