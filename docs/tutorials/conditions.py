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
# # Digits of a wanted class
#
# A variational auto-encoder draws digits, but not a seven when you want a seven. A model
# with a condition does: it learns $p(x|z, c)$, where c is the class of the digit.

# %%
import aevb_tf as aevb

import keras
import numpy as np

keras.utils.set_random_seed(0)
train, test = aevb.data.load("digits"), aevb.data.load("digits", split="test")

# %% [markdown]
# ## Train
#
# `condition=10` gives the model ten classes. The encoder then sees x and c, and the decoder
# z and c. The labels of the data set are its y, and `fit` takes them as the condition. The
# bound is that of $\log p(x|c)$.

# %%
encoder = aevb.networks.MLPEncoder(6, hidden_units=(400, 400), activation="relu")
decoder = aevb.networks.MLPDecoder((28, 28, 1), (400, 400), activation="relu")
vae = aevb.VAE(encoder, decoder, condition=10, seed=0)
vae.compile(optimizer=keras.optimizers.Adam(1e-3))
history = vae.fit(train, validation_data=test, epochs=40, verbose=0).history
print(f"elbo of test digits, given their classes: {history['val_elbo'][-1]:.1f} nats")

# %% [markdown]
# ## A class, and a style
#
# In each row is one class, and in each column one z: the same seed gives the same z for
# all classes. Since the class is given, z need not say which digit it is. It holds what is
# left, the style: slant, width, and the thickness of lines.

# %%
levels = vae.condition.levels
images = [vae.sample(10, seed=3, condition=level) for level in levels]
aevb.plots.by_condition(images, levels)

# %% [markdown]
# ## A digit in another class
#
# Encode a digit with its own class, and decode its z with another one. The digit changes,
# and its style stays. Some are blurred: among 4,000 digits, few of the other class have
# this style.

# %%
x, c = (np.asarray(part) for part in test[0])
sevens = x[c == 7][:6]
z = vae.encode(sevens, condition=7).mean()
rewritten = [sevens] + [vae.decode(z, condition=k).mean() for k in (2, 3, 4, 9)]
aevb.plots.by_condition(rewritten, ["a seven", 2, 3, 4, 9], title="Sevens rewritten")

# %% [markdown]
# ## Which class is it?
#
# The model knows $p(x|c)$ of every class, so Bayes' rule gives $p(c|x)$. `classify` compares
# the bounds of all classes.

# %%
probs = vae.classify(x, seed=0).numpy()
print(f"{np.mean(probs.argmax(axis=1) == c):.0%} of {len(x)} test digits are right")

# %% [markdown]
# The same from the command line:
#
#     aevb-train --config=digits_conditional --workdir=runs/digits_conditional
#
# [Conditions](../../howto/conditions/) lists what else a condition can be: vectors, images,
# and columns of a table. [Patients](../patients/) conditions on age and sex.
