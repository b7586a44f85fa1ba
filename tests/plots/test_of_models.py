"""Plots that are given a model draw what its methods return."""

import keras
import numpy as np
import pytest

import aevb_tf as aevb
from aevb_tf import plots

X = np.random.default_rng(0).random((12, 6, 5, 1), np.float32)


def vae(latent_dim=2, **options):
  keras.utils.set_random_seed(0)
  return aevb.VAE(
    aevb.networks.MLPEncoder(latent_dim, (8,)),
    aevb.networks.MLPDecoder((6, 5, 1), (8,)),
    seed=0,
    **options,
  )


def drawn(figure):
  return [
    np.asarray(axes.get_images()[0].get_array())
    for axes in figure.axes
    if axes.get_images()
  ]


def same(figure, other):
  for one, two in zip(drawn(figure), drawn(other), strict=True):
    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("condition", [None, 1])
def test_they_draw_what_the_model_returns(condition):
  model = vae(condition=None if condition is None else 3)
  c = {"condition": condition}
  same(
    plots.samples(model, num=4, seed=2, **c),
    plots.samples(model.sample(4, seed=2, **c)),
  )
  same(
    plots.reconstructions(model, X, **c),
    plots.reconstructions(X, model.reconstruct(X, **c)),
  )
  z = plots.manifold_grid(3)
  same(plots.manifold(model, 3, **c), plots.manifold(model.decode(z, **c).mean(), 3))
  points = plots.latents(model, X, np.arange(12) % 2, **c).axes[0].collections
  wanted = plots.latent_scatter(model.encode(X, **c).mean(), np.arange(12) % 2)
  for one, two in zip(points, wanted.axes[0].collections, strict=True):
    np.testing.assert_allclose(one.get_offsets(), two.get_offsets(), rtol=1e-5)


def test_a_row_of_a_traversal_changes_one_latent():
  model = vae(latent_dim=3)
  figure = plots.traversals(model, X, example=4, dimensions=[2, 0], columns=3)
  z = np.asarray(model.encode(X).mean())
  low, high = np.quantile(z, [0.025, 0.975], axis=0)
  rows = np.tile(z[4], (2, 3, 1))
  rows[0, :, 2] = np.linspace(low[2], high[2], 3)
  rows[1, :, 0] = np.linspace(low[0], high[0], 3)
  wanted = plots.tile(model.decode(rows.reshape(6, 3)).mean(), 3)
  np.testing.assert_allclose(drawn(figure)[0], wanted, rtol=1e-5, atol=1e-6)
  names = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
  assert [name.split(":")[0] for name in names] == ["$z_{3}$", "$z_{1}$"]


def test_a_traversal_has_the_latents_that_vary_most_and_the_examples_condition():
  model = vae(latent_dim=12, condition=3)
  c = np.arange(12) % 3
  figure = plots.traversals(model, X, condition=c, example=2)
  spread = np.asarray(model.encode(X, condition=c).mean()).std(axis=0)
  names = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
  wanted = [f"$z_{{{j + 1}}}$" for j in np.argsort(-spread)[:10]]
  assert [name.split(":")[0] for name in names] == wanted
  one = plots.traversals(model, X, condition=c, example=2, dimensions=[0], columns=2)
  other = plots.traversals(model, X, condition=c, example=1, dimensions=[0], columns=2)
  assert np.any(drawn(one)[0] != drawn(other)[0])


@pytest.mark.parametrize(
  "draw, match",
  [
    (lambda: plots.manifold(vae(latent_dim=3)), "the model has 3 with StandardNormal"),
    (
      lambda: plots.manifold(
        vae(prior="mixture", bound={"name": "sgvb", "estimator": "A"})
      ),
      "2 with Mixture",
    ),
    (lambda: plots.traversals(vae(), X[:1]), "two or more"),
    (lambda: plots.traversals(vae(), X, example=12), "example=12"),
    (lambda: plots.traversals(vae(), X, dimensions=[2]), "latents from 0 to 1"),
    (lambda: plots.traversals(vae(), X, columns=1), "columns must be"),
    (lambda: plots.samples(vae(condition=3)), "condition"),
  ],
)
def test_what_cannot_be_drawn_is_refused(draw, match):
  with pytest.raises(ValueError, match=match):
    draw()


def test_models_that_are_not_built_are_refused():
  encoder = aevb.networks.MLPEncoder(2)
  decoder = keras.Sequential([keras.layers.Dense(5)])
  model = aevb.VAE(encoder, decoder, likelihood="gaussian")
  for draw in (plots.samples, plots.manifold):
    with pytest.raises(ValueError, match="not built yet"):
      draw(model)
