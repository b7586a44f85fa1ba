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
# # Anomalies with a threshold
#
# A model that has only seen normal examples can say which others are unlike them. Here
# normal digits are all but the sevens: the model never sees a seven, and has to find them.

# %%
import aevb_tf as aevb

import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import export

keras.utils.set_random_seed(0)
train, test = aevb.data.load("digits"), aevb.data.load("digits", split="test")
x, digit = np.float32(train.x) / 255, np.asarray(train.y)
normal = x[digit != 7]
fitted, held_out = normal[:3000], normal[3000:]
print(f"{len(fitted)} normal digits for training, {len(held_out)} for the threshold")

# %% [markdown]
# ## Train on normal examples

# %%
encoder = aevb.networks.MLPEncoder(20, hidden_units=(400,), activation="relu")
decoder = aevb.networks.MLPDecoder((28, 28, 1), (400,), activation="relu")
vae = aevb.VAE(encoder, decoder, seed=0)
vae.compile(keras.optimizers.Adam(1e-3))
_ = vae.fit(fitted, epochs=40, verbose=0)

# %% [markdown]
# ## A score
#
# A score says how strange an example is. By default it compares the features that the
# encoder computes of an example with those of its nearest normal examples, so the detector
# has to see these, too.

# %%
detector = aevb.tasks.AnomalyDetector(vae).fit(fitted)
x_test, is_seven = np.float32(test.x) / 255, np.asarray(test.y) == 7
scores = detector.scores(x_test)
pairs = scores[is_seven][:, None] > scores[~is_seven]
print(f"AUROC {pairs.mean():.3f}: how often a seven is stranger than another digit")

# %% [markdown]
# ## A threshold
#
# A score has no natural limit. Normal digits that neither the model nor the detector has
# seen give one: if at most 5% of the normal digits may be called anomalies, the threshold
# lies at about the largest twentieth of their scores.

# %%
detector.fit_threshold(held_out, false_alarm_rate=0.05)
alarms = detector.predict(x_test)
print(f"threshold: {detector.threshold:.3f}")
print(f"false alarms: {alarms[~is_seven].mean():.1%} of the other digits")
print(f"found: {alarms[is_seven].mean():.1%} of the sevens")

# %% [markdown]
# A new normal digit is called an anomaly with a probability of at most 5%, even if the
# model is poor. This is the guarantee of split-conformal prediction, over the draw of the
# digits for the threshold and of the new digit. A better model finds more sevens at the
# same rate.
#
# The p-value of a digit says how often a normal digit is as strange as this one:

# %%
p_values = detector.p_values(x_test)
order = np.argsort(p_values)
aevb.plots.samples(x_test[order[:20]], title="The strangest test digits")

# %%
print("their classes:", np.asarray(test.y)[order[:20]])

# %% [markdown]
# ## The density is not a good score
#
# It is tempting to call an example strange if its density is low. But simple images have
# high densities, whether the model has seen such images or not. The detector has such
# scores, too, and they find fewer sevens:

# %%
for name in ("nearest_features", "nearest", "reconstruction", "elbo"):
  other = aevb.tasks.AnomalyDetector(vae, name).fit(fitted)
  found = other.fit_threshold(held_out, 0.05).predict(x_test)
  print(f"{name:<17} finds {found[is_seven].mean():5.1%} of the sevens")

# %% [markdown]
# ## What is strange in an example
#
# The squared error of the reconstruction is a map of what the model did not expect:

# %%
maps = aevb.tasks.AnomalyDetector(vae, "reconstruction").maps(x_test[is_seven][:8])
aevb.plots.reconstructions(
  x_test[is_seven][:8], np.sqrt(maps), title="Sevens, and what is strange in them"
)

# %% [markdown]
# ## Save and export
#
# The model and the threshold are saved with the detector. An export has the signature
# `anomaly`, which answers the same:

# %%
folder = pathlib.Path(tempfile.mkdtemp())
detector.save(folder / "detector.keras")
export.saved_model(detector, folder / "served", only=["anomaly"])
anomaly = tf.saved_model.load(folder / "served").signatures["anomaly"]
answer = anomaly(x=tf.constant(x_test), seed=tf.constant([0, detector.seed]))
print(f"same verdicts: {np.mean(np.asarray(answer['is_anomaly']) == alarms):.0%}")

# %% [markdown]
# [Find anomalies](../../howto/anomalies/) lists all scores and says when each fails.
