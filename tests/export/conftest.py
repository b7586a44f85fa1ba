"""Exports that are made once and looked at by many tests."""

import fcntl
import os
import pathlib
import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.export import formats, runtimes
from aevb_tf.export.exporting import export
from aevb_tf.files import write_json
from aevb_tf.training import configuration
from aevb_tf.training.run_folder import RunFolder

TENSORFLOW_C = pathlib.Path(__file__).with_name("runtimes") / "tensorflow_c.py"
MAX_SAMPLES, NUM_IMPORTANCE_SAMPLES = 50, 12
DETECTOR_SEED = 2**40 + 7
OPTIONS = {
  "max_samples": MAX_SAMPLES,
  "num_importance_samples": NUM_IMPORTANCE_SAMPLES,
}


def small_vae(seed=0, shape=(8, 6, 1), **options):
  """A VAE of small images whose outputs are far from their start."""
  keras.utils.set_random_seed(seed)
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(3, (32,)),
    aevb.networks.MLPDecoder(shape, (32,)),
    seed=0,
    **options,
  )
  rng = np.random.default_rng(seed)
  vae.set_weights([rng.normal(0.0, 0.3, size=w.shape) for w in vae.weights])
  return vae


@pytest.fixture(scope="session")
def vae():
  return small_vae()


@pytest.fixture(scope="session")
def x():
  """Five grey images, float32 `[5, 8, 6, 1]`."""
  return np.random.default_rng(1).random((5, 8, 6, 1)).astype(np.float32)


@pytest.fixture(scope="session")
def seed():
  """A seed as artifacts take it, int32 `[2]`."""
  return np.asarray(aevb.random.as_seed(DETECTOR_SEED))


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
  """A run folder whose model is `vae`, though nothing was trained."""
  return run_folder_of(small_vae(), tmp_path_factory.mktemp("runs") / "small")


def run_folder_of(vae, path):
  """A run folder of the config `test` with a model that was not trained."""
  folder = RunFolder(path)
  folder.create()
  config = configuration.load("test")
  write_json(folder.config, configuration.to_json(config))
  vae.compile("adam")
  vae.optimizer.build(vae.trainable_variables)
  vae.save(folder.model)
  return folder


@pytest.fixture(scope="session")
def detector(vae):
  """A detector with a threshold, of that model and with the seed of the requests."""
  normal = np.random.default_rng(5).random((70, 8, 6, 1)).astype(np.float32)
  detector = aevb.tasks.AnomalyDetector(vae, seed=DETECTOR_SEED).fit(normal[:30])
  return detector.fit_threshold(normal[30:], 0.2)


@pytest.fixture(scope="session")
def detector_file(detector, tmp_path_factory):
  path = tmp_path_factory.mktemp("detectors") / "detector.keras"
  detector.save(path)
  return str(path)


@pytest.fixture(scope="session")
def tensorflow_c():
  """Makes TensorFlow's C API a runtime; returns its name."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setitem(runtimes.SCRIPTS, "tensorflow_c", TENSORFLOW_C)
    yield "tensorflow_c"


@pytest.fixture(scope="session")
def exported(run_folder, detector_file, tensorflow_c, tmp_path_factory):
  """Every export of that run with a detector: the folder, and the verification's report.

  SavedModels are run in TensorFlow's C API, too. It takes a minute: the processes that
  share the tests share it, too.
  """
  base = tmp_path_factory.getbasetemp()
  if "PYTEST_XDIST_WORKER" in os.environ:
    base = base.parent
  folder, found = base / "small", base / "small.found"
  with open(base / "small.lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not found.exists():
      options = {"name": "small", "batch_size": 5, "detector": detector_file, **OPTIONS}
      with pytest.MonkeyPatch.context() as patch:
        python_and_c = ("tensorflow", tensorflow_c)
        patch.setattr(formats, "SAVED_MODEL_RUNTIMES", python_and_c)
        names = ("saved_model", "tflite", "serving")
        report = export(run_folder.path, folder, names, **options)
      found.write_bytes(pickle.dumps(report))
  return folder, pickle.loads(found.read_bytes())


@pytest.fixture(scope="session")
def saved(exported):
  """The folder of its SavedModel."""
  return exported[0] / "saved_model"


@pytest.fixture(scope="session")
def lite(exported):
  """Its `.tflite` file."""
  return exported[0] / "small.tflite"


@pytest.fixture(scope="session")
def fixed(exported):
  """Its `.tflite` file of batch 5."""
  return exported[0] / "small_batch5.tflite"


@pytest.fixture(scope="session")
def expected(vae, detector, x, seed):
  """What the model and the detector answer: signature -> inputs, outputs."""
  found = {
    "score": detector.scores(x),
    "p_value": detector.p_values(x),
    "is_anomaly": np.float32(detector.predict(x)),
  }
  return answers_of(vae, x, seed) | {"anomaly": ({"x": x, "seed": seed}, found)}


def answers_of(vae, x, seed, condition=None):
  """What a model answers, given the conditions of x: signature -> inputs, outputs."""
  of_x, of_num, num = {}, {}, 4
  c = {"condition": condition}
  if condition is not None:
    codes = vae.condition.as_array(condition)
    of_x, of_num = {"condition": codes}, {"condition": codes[:num]}
  q = vae.encode(x, **c)
  z = np.asarray(q.mean())
  with vae.given(condition, len(x)):
    parts = vae.elbo_parts(tf.constant(x), aevb.random.as_seed(seed))
  first = None if condition is None else condition[:num]
  with vae.given(first, num):
    latents = vae.prior.sample(seed, np.arange(num))
  samples = {"x_mean": vae.sample(num, seed=seed, condition=first), "z": latents}
  with pytest.warns(aevb.evidence.EvidenceWarning):  # of so few samples
    log_marginal = vae.log_marginal(
      x, num_samples=NUM_IMPORTANCE_SAMPLES, seed=seed, **c
    )
  answers = {
    "encode": ({"x": x, **of_x}, {"mean": q.mean(), "stddev": q.stddev()}),
    "decode": ({"z": z, **of_x}, {"x_mean": vae.decode(z, **c).mean()}),
    "sample": ({"num": np.int32(num), "seed": seed, **of_num}, samples),
    "reconstruct": ({"x": x, **of_x}, {"x_mean": vae.reconstruct(x, **c)}),
    "elbo": (
      {"x": x, "seed": seed, **of_x},
      {
        "elbo": vae.elbo(x, seed=seed, **c),
        "kl": parts.kl,
        "log_likelihood": parts.log_likelihood,
      },
    ),
    "log_marginal": ({"x": x, "seed": seed, **of_x}, {"log_marginal": log_marginal}),
  }
  if isinstance(vae.condition, aevb.conditions.Labels):
    probs = {"probs": vae.classify(x, seed=seed)}
    answers["classify"] = ({"x": x, "seed": seed}, probs)
  return answers
