"""The scatter of posterior means: the planes, and the names of axes and labels."""

import numpy as np
import pytest

from aevb_tf import plots


def means(n=60, latent_dim=2):
  return np.random.default_rng(0).normal(size=(n, latent_dim))


def offsets(axes):
  return np.concatenate([np.asarray(c.get_offsets()) for c in axes.collections])


def texts(axes):
  return [text.get_text() for text in axes.texts]


def test_two_latents_are_drawn_as_they_are():
  figure = plots.latent_scatter(means(), title="plane")
  (axes,) = figure.axes
  np.testing.assert_array_equal(offsets(axes), means())
  assert axes.get_xlabel() == r"$E[z_1\,|\,x]$"
  assert axes.get_ylabel() == r"$E[z_2\,|\,x]$"
  assert figure.get_suptitle() == "plane, 60 examples"
  assert axes.get_aspect() == 1


@pytest.mark.parametrize("labels", [None, np.full(60, -1)])
def test_without_labels_there_is_one_colour_and_no_legend(labels):
  (axes,) = plots.latent_scatter(means(), labels).axes
  assert len(axes.collections) == 1 and axes.get_legend() is None
  assert len(axes.collections[0].get_facecolors()) == 1


def test_labels_have_their_own_colour_and_marker():
  labels = np.arange(60) % 10
  (axes,) = plots.latent_scatter(means(), labels, label_names={3: "three"}).axes
  assert texts(axes) == ["0", "1", "2", "three", *"456789"]
  for label, collection in enumerate(axes.collections):
    np.testing.assert_array_equal(
      np.asarray(collection.get_offsets()), means()[labels == label]
    )
  looks = {
    (tuple(c.get_facecolors()[0]), c.get_paths()[0].vertices.tobytes())
    for c in axes.collections
  }
  assert len(looks) == 10
  assert len({color for color, _ in looks}) == 10
  assert len({marker for _, marker in looks}) == 7


def test_names_stand_at_medians_that_lie_apart():
  mean = np.array([[0.0, 0], [1, 1], [2, 2], [7, 0], [9, 3], [10, 10]])
  (axes,) = plots.latent_scatter(mean, np.array([4, 4, 4, 8, 8, 8])).axes
  places = {text.get_text(): tuple(text.xy) for text in axes.texts}
  assert places == {"4": (1, 1), "8": (9, 3)}


def test_names_in_one_place_are_moved_apart():
  mean = np.concatenate([means(), means()])
  (axes,) = plots.latent_scatter(mean, np.repeat([0, 1], 60)).axes
  first, second = (np.array(text.xy) for text in axes.texts)
  np.testing.assert_allclose((first + second) / 2, np.median(means(), axis=0))
  distance = np.linalg.norm((second - first) / np.ptp(means(), axis=0))
  # The last of fifty halvings of what is lacking.
  np.testing.assert_allclose(distance, 0.045, rtol=1e-9)


def test_some_unlabelled_data_are_named_so():
  labels = np.where(np.arange(60) < 20, -1, np.arange(60) % 2)
  (axes,) = plots.latent_scatter(means(), labels).axes
  assert texts(axes) == ["grey: no label", "0", "1"]


def test_many_labels_get_a_colour_scale():
  figure = plots.latent_scatter(means(), np.arange(60))
  axes, bar = figure.axes
  assert axes.get_legend() is None and bar.get_ylabel() == "label"
  *planes, bar = plots.latent_scatter(means(latent_dim=6), np.arange(60)).axes
  assert len(planes) == 3 and bar.get_ylabel() == "label"


def test_more_latents_are_drawn_in_their_principal_planes():
  rng = np.random.default_rng(1)
  scales = np.array([1.0, 5.0, 2.0, 0.5, 3.0])
  # Orthonormal columns of mean zero: the principal directions are the axes, and the
  # variances go as the scales squared.
  noise = rng.normal(size=(50, 5))
  left = np.linalg.qr(noise - noise.mean(axis=0))[0]
  first, second = plots.latent_scatter(left * scales + 3.0).axes
  for axes, columns in ((first, [1, 4]), (second, [2, 0])):
    np.testing.assert_allclose(
      offsets(axes), (left * scales)[:, columns], rtol=0, atol=1e-12
    )
  total = (scales**2).sum()
  assert first.get_xlabel() == f"principal direction 1 ({25 / total:.0%})"
  assert second.get_ylabel() == f"principal direction 4 ({1 / total:.0%})"


def test_three_planes_at_most():
  assert len(plots.latent_scatter(means(latent_dim=3)).axes) == 1
  assert len(plots.latent_scatter(means(latent_dim=9)).axes) == 3


def test_labels_are_drawn_in_the_plane_in_which_they_differ():
  """Scikit-learn's linear discriminants, up to sign and scale."""
  from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

  rng = np.random.default_rng(0)
  labels = rng.integers(0, 5, 400)
  mean = 2 * rng.normal(size=(5, 8))[labels] + rng.normal(size=(400, 8)) @ rng.normal(
    size=(8, 8)
  )
  (axes,) = plots.latent_scatter(mean, labels).axes
  expected = LinearDiscriminantAnalysis(n_components=2).fit(mean, labels)
  order = np.argsort(labels, kind="stable")  # points are drawn label by label
  for ours, theirs in zip(
    offsets(axes).T, expected.transform(mean[order]).T, strict=True
  ):
    assert abs(np.corrcoef(ours, theirs)[0, 1]) > 1 - 1e-8
  share = expected.explained_variance_ratio_[0]
  assert axes.get_xlabel() == (
    f"discriminant direction 1 ({share:.0%} of the variance between labels)"
  )


def test_chosen_dimensions_are_drawn_and_named():
  mean = means(latent_dim=5)
  (axes,) = plots.latent_scatter(mean, dimensions=(4, 1)).axes
  np.testing.assert_array_equal(offsets(axes), mean[:, [4, 1]])
  assert "dimension 4 (from 0)" in axes.get_xlabel()
  assert "dimension 1 (from 0)" in axes.get_ylabel()


def test_one_latent_lies_along_x():
  (axes,) = plots.latent_scatter(means(latent_dim=1)).axes
  np.testing.assert_array_equal(offsets(axes)[:, 0], means(latent_dim=1)[:, 0])
  assert "no quantity" in axes.get_ylabel() and not len(axes.get_yticks())


def test_means_that_are_all_equal_can_be_drawn(tmp_path):
  figure = plots.latent_scatter(np.ones((5, 3)), np.arange(5))
  plots.save(figure, tmp_path / "collapsed.png")
  assert "(0%)" in figure.axes[0].get_xlabel()


@pytest.mark.parametrize(
  "arguments, message",
  [
    ({"mean": np.zeros(4)}, r"\[n, latent_dim\]; got shape \(4,\)"),
    ({"mean": np.zeros((0, 2))}, r"got shape \(0, 2\)"),
    ({"mean": np.full((2, 2), np.nan)}, "not finite"),
    ({"mean": np.zeros((4, 2)), "labels": np.zeros(3, int)}, r"must be \[4\]"),
    ({"mean": np.zeros((4, 2)), "labels": np.zeros(4)}, "integers; got dtype float64"),
    ({"mean": np.zeros((4, 3)), "dimensions": (0, 3)}, "from 0 to 2"),
    ({"mean": np.zeros((4, 3)), "dimensions": (0, 1, 2)}, "two indices"),
  ],
)
def test_errors_name_what_is_wrong(arguments, message):
  with pytest.raises(ValueError, match=message):
    plots.latent_scatter(**arguments)
