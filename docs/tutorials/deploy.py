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
# # Deploy to a server and a phone
#
# An exported model runs without this package. It needs only TensorFlow or LiteRT, and
# the same seed gives the same digits everywhere.

# %%
import aevb_tf as aevb

import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import export

keras.utils.set_random_seed(0)
train = aevb.data.load("digits")
vae = aevb.VAE(
  aevb.networks.MLPEncoder(10, (200,)), aevb.networks.MLPDecoder((28, 28, 1), (200,))
)
vae.compile("adam")
_ = vae.fit(train, epochs=10, verbose=0)
folder = pathlib.Path(tempfile.mkdtemp())

# %% [markdown]
# ## For a server: SavedModel
#
# A SavedModel is for answers, not for training. It has no gradients, of which
# TensorFlow may warn when it loads the file.

# %%
export.saved_model(vae, folder / "saved_model")
loaded = tf.saved_model.load(folder / "saved_model")
sorted(loaded.signatures)

# %% [markdown]
# A seed has two int32 words. `[0, 7]` is the integer 7.

# %%
sample = loaded.signatures["sample"]
served = sample(num=tf.constant(20), seed=tf.constant([0, 7]))["x_mean"]
aevb.plots.samples(served, title="Served")

# %% [markdown]
# TensorFlow Serving gives the same answer over REST. This is the body of the request:

# %%
import json

print(json.dumps({"signature_name": "sample", "inputs": {"num": 20, "seed": [0, 7]}}))

# %% [markdown]
# [TensorFlow Serving](../../howto/serving/) has the commands to publish versions and to
# start the server.
#
# ## For a phone: LiteRT

# %%
export.tflite(vae, folder / "digits.tflite")
size = (folder / "digits.tflite").stat().st_size
print(f"{size:,} bytes")

# %% [markdown]
# On a phone, use LiteRT's Kotlin, Swift or C++ API to run the file. Python has the same
# runtime:

# %%
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter(str(folder / "digits.tflite"))
runner = interpreter.get_signature_runner("sample")
on_device = runner(num=np.int32(20), seed=np.array([0, 7], np.int32))["x_mean"]
print(f"largest difference to the server: {np.abs(on_device - served).max():.1e}")
print(
  f"largest difference to the model: {np.abs(on_device - vae.sample(20, seed=7)).max():.1e}"
)

# %% [markdown]
# The other signatures work in the same way. These calls return the code of a digit and
# its bound:

# %%
digit = np.float32(train.x[:1]) / 255
code = interpreter.get_signature_runner("encode")(x=digit)["mean"]
bound = interpreter.get_signature_runner("elbo")(
  x=digit, seed=np.array([0, 1], np.int32)
)
np.round(code, 2), float(bound["elbo"][0])
