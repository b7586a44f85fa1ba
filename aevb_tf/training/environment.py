"""The environment of a run: the versions of packages, and the device."""

import platform

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf.version import __version__


def versions() -> dict[str, str]:
  """Returns the versions of all packages that the numbers depend on."""
  return {
    "python": platform.python_version(),
    "aevb_tf": __version__,
    "tensorflow": tf.__version__,
    "keras": keras.__version__,
    "tensorflow_probability": tfp.__version__,
  }


def gpu() -> str | None:
  """Returns the name of the first GPU, or None if there is none."""
  for device in tf.config.list_physical_devices("GPU"):
    return tf.config.experimental.get_device_details(device).get("device_name", "GPU")
  return None


def device() -> str:
  """Returns the name of the GPU, or else the architecture of the CPU."""
  return gpu() or f"CPU ({platform.machine()})"
