"""PNG files in, PNG files out: the same numbers, in levels."""

import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.export import png
from aevb_tf.export.client import images

LEVEL = 1.01 / 255  # half a level rounds either way


@pytest.fixture(scope="module")
def files(x):
  """The five images as PNG files."""
  return [images.encode(image) for image in x]


@pytest.fixture(scope="module")
def functions(vae):
  return {name: s.function for name, s in png.build(vae).items()}


def test_images_are_what_the_numbers_are(functions, files):
  levels = images.decode(np.array(files, object))
  assert levels.shape == (5, 8, 6, 1)
  np.testing.assert_array_equal(
    png.decode(tf.constant(files), (8, 6, 1)), levels.astype(np.float32)
  )
  result = functions["reconstruct_png"](tf.constant(files))["png_bytes"]
  right = functions["reconstruct"](tf.constant(levels))["x_mean"]
  np.testing.assert_allclose(images.decode(result.numpy()), right, 0, LEVEL / 2)
  result = functions["elbo_png"](tf.constant(files), [0, 3])
  for key, value in functions["elbo"](tf.constant(levels), [0, 3]).items():
    np.testing.assert_array_equal(result[key], value)
  result = functions["sample_png"](tf.constant(4), [0, 3])["png_bytes"]
  right = functions["sample"](tf.constant(4), [0, 3])["x_mean"]
  np.testing.assert_allclose(images.decode(result.numpy()), right, 0, LEVEL / 2)


def test_colours_become_what_the_model_takes(files):
  with PIL.Image.open(io.BytesIO(files[0])) as image:
    colour = io.BytesIO()
    image.convert("RGB").save(colour, format="PNG")
  result = png.decode(tf.constant([files[0], colour.getvalue()]), (8, 6, 1))
  np.testing.assert_allclose(result[1], result[0], 0, LEVEL)


def test_another_size_and_files_that_are_not_images_are_refused(functions):
  large = images.encode(np.zeros((6, 8, 1)))
  with pytest.raises(tf.errors.InvalidArgumentError, match="6 pixels wide and 8 high"):
    functions["reconstruct_png"](tf.constant([large]))
  with pytest.raises(tf.errors.InvalidArgumentError):
    functions["reconstruct_png"](tf.constant(["no image"]))


def test_only_images_have_them(vae, detector):
  assert set(png.NAMES) < set(png.build(detector))
  assert set(png.NAMES) - set(png.build(vae)) == {"anomaly_png"}
  assert list(png.build(vae, only=["elbo_png"])) == ["elbo_png"]
  flat = aevb.VAE(
    aevb.networks.MLPEncoder(2, (3,)),
    aevb.networks.MLPDecoder((5,), (3,)),
  )
  flat(np.zeros((1, 5), np.float32))
  assert not set(png.NAMES) & set(png.build(flat))
  with pytest.raises(ValueError, match="Unknown signature 'elbo_png'"):
    png.build(flat, only=["elbo_png"])
