"""Latents of examples, and what lies between them."""

import numpy as np
import pytest
import scipy.spatial

import aevb_tf as aevb
from aevb_tf import tasks
from tests.oracle import LinearGaussian
from tests.tasks import harness


@pytest.fixture(scope="module")
def exact():
  return LinearGaussian.random(np.random.default_rng(2), data_dim=4, latent_dim=3)


@pytest.fixture(scope="module")
def vae(exact):
  return exact.vae(seed=0)


@pytest.fixture(scope="module")
def x(exact):
  return exact.draw(np.random.default_rng(3), 50)


def decoded(exact, z):
  return z @ exact.weights.T + exact.bias


@pytest.mark.parametrize("batch_size", [None, 7])
def test_embeddings_are_posterior_means(exact, vae, x, batch_size):
  found = tasks.embed(vae, x, batch_size=batch_size)
  np.testing.assert_allclose(found, exact.encoded(x)[0], 1e-5, 1e-5)


def test_embeddings_are_those_of_the_condition():
  vae = harness.small_vae(condition=3)
  c = np.arange(60) % 3
  found = tasks.embed(vae, harness.X, c, batch_size=7)
  wanted = vae.encode(harness.X, condition=c).mean()
  np.testing.assert_allclose(found, wanted, 1e-5, 1e-6)
  with pytest.raises(ValueError, match="condition"):
    tasks.embed(vae, harness.X)


def test_a_traversal_changes_one_latent(exact, vae):
  z = np.float32([0.5, -1.0, 2.0])
  found = tasks.traverse(vae, z, dimensions=[2, 0], values=[-1, 4])
  assert found.shape == (2, 2, 4)
  rows = [[[0.5, -1, -1], [0.5, -1, 4]], [[-1, -1, 2], [4, -1, 2]]]
  np.testing.assert_allclose(found, decoded(exact, np.array(rows)), 1e-4, 1e-5)
  assert tasks.traverse(vae, z).shape == (3, 7, 4)


def test_a_line_is_straight(exact, vae):
  a, b = np.array([1.0, 0, 2]), np.array([-1.0, 2, 0])
  found = tasks.interpolate(vae, a, b, num=3)
  wanted = decoded(exact, np.stack([a, (a + b) / 2, b]))
  np.testing.assert_allclose(found, wanted, 1e-4, 1e-5)


def test_an_arc_keeps_the_length_and_the_rate(exact, vae):
  a, b = np.array([3.0, 0, 0]), np.array([0, 5.0, 0])
  found = tasks.interpolate(vae, a, b, num=4, method="spherical")
  angles = np.pi / 6 * np.arange(4)
  lengths = 3 + 2 / 3 * np.arange(4)
  z = np.stack([np.cos(angles), np.sin(angles), 0 * angles], 1) * lengths[:, None]
  np.testing.assert_allclose(found, decoded(exact, z), 1e-4, 1e-4)
  # Between equal directions there is only the length.
  along = tasks.interpolate(vae, a, 2 * a, num=3, method="spherical")
  wanted = decoded(exact, np.stack([a, 1.5 * a, 2 * a]))
  np.testing.assert_allclose(along, wanted, 1e-4, 1e-4)


def test_neighbours_are_those_of_a_search(exact, vae, x):
  indices, distances = tasks.nearest(vae, x[40:], x[:40], num=3)
  m = exact.encoded(x)[0]
  wanted, places = scipy.spatial.cKDTree(m[:40]).query(m[40:], 3)
  np.testing.assert_allclose(distances, wanted, 1e-3, 1e-4)
  assert indices.shape == (10, 3) and np.mean(indices == places) > 0.9


def test_clusters_are_found(exact, vae, x):
  shift = exact.weights @ np.array([40.0, 0, 0])
  both = np.concatenate([x, x + np.float32(shift)])
  labels, centers = tasks.cluster(vae, both, 2)
  assert set(labels[:50]) == {labels[0]} != set(labels[50:]) == {labels[50]}
  wanted = tasks.embed(vae, both)[:50].mean(axis=0)
  np.testing.assert_allclose(centers[labels[0]], wanted, 1e-3, 1e-3)


def test_impossible_requests_are_refused(vae, x):
  z = np.zeros(3)
  for call, match in [
    (lambda: tasks.embed(vae, x[:0]), "x is empty"),
    (lambda: tasks.traverse(vae, x), "latents of one example"),
    (lambda: tasks.traverse(vae, z, [3]), "the latents are 0, ..., 2"),
    (lambda: tasks.interpolate(vae, z, x[0]), "end has shape"),
    (lambda: tasks.interpolate(vae, z, z + 1, method="slerp"), "slerp"),
    (lambda: tasks.interpolate(vae, z, z + 1, method="spherical"), "no direction"),
    (lambda: tasks.interpolate(vae, z + 1, z - 1, method="spherical"), "opposite"),
    (lambda: tasks.nearest(vae, x, x[:3]), "only 3 examples to search"),
    (lambda: tasks.cluster(vae, x[:3], 4), "only 3 examples"),
  ]:
    with pytest.raises(ValueError, match=match):
      call()


def test_every_model_with_an_encoder_is_embedded():
  model = aevb.WakeSleep(
    aevb.networks.MLPEncoder(2, (3,)), aevb.networks.MLPDecoder((4, 3, 1), (3,)), seed=0
  )
  assert tasks.embed(model, harness.X).shape == (60, 2)
