"""Models trained in half precision and under a strategy export as any other."""

import subprocess
import sys

import numpy as np
import tensorflow as tf

from aevb_tf.export import runtimes
from tests.export.conftest import small_vae

_TRAIN = """
import sys
import keras, numpy as np, tensorflow as tf
cpu, = tf.config.list_physical_devices("CPU")
one = tf.config.LogicalDeviceConfiguration()
tf.config.set_logical_device_configuration(cpu, [one, one])
import aevb_tf as aevb
import aevb_tf.export as export
folder = sys.argv[1]
keras.mixed_precision.set_dtype_policy("mixed_float16")  # the loss is scaled, too
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(3, (32,)), aevb.networks.MLPDecoder((8, 6, 1), (32,)),
    bound={"name": "sgvb", "kl_weight": {"name": "warm_up"}}, seed=0,
  )
  vae.compile("adam")
x = np.random.default_rng(1).random((8, 8, 6, 1)).astype(np.float32)
vae.fit(x, batch_size=4, epochs=1, verbose=0)
assert vae.distribute_strategy.num_replicas_in_sync == 2
assert vae.encoder.compute_dtype == "float16"
few = {"only": ["reconstruct", "elbo"]}
export.saved_model(vae, f"{folder}/1", **few)
export.tflite(vae, f"{folder}/a.tflite", **few)
np.savez(f"{folder}/weights.npz", *[np.asarray(w, np.float32) for w in vae.get_weights()])
"""


def test_trained_on_two_devices_in_half_precision(tmp_path, x, seed):
  """The artifacts are the float32 model of the trained weights."""
  ended = subprocess.run(
    [sys.executable, "-c", _TRAIN, tmp_path], capture_output=True, text=True
  )
  assert ended.returncode == 0, ended.stderr
  whole = small_vae()
  with np.load(tmp_path / "weights.npz") as weights:
    whole.set_weights([weights[name] for name in weights])
  calls = [
    runtimes.Call("reconstruct", {"x": x}),
    runtimes.Call("elbo", {"x": x, "seed": seed}),
  ]
  lite = [a.outputs for a in runtimes.run("litert", tmp_path / "a.tflite", calls)]
  loaded = tf.saved_model.load(str(tmp_path / "1")).signatures
  tensors = {"x": tf.constant(x), "seed": tf.constant(seed)}
  saved = [
    loaded[call.signature](**{key: tensors[key] for key in call.inputs})
    for call in calls
  ]
  for images, bounds in (saved, lite):
    np.testing.assert_allclose(images["x_mean"], whole.reconstruct(x), 1e-5, 1e-5)
    np.testing.assert_allclose(bounds["elbo"], whole.elbo(x, seed=seed), 1e-5)
