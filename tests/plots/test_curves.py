"""Learning curves: the lines, what the axes say, and what they leave out."""

import numpy as np
import pytest

from aevb_tf import plots
from aevb_tf.plots import curves


def history(epochs=10, test_every=1):
  entries = []
  for epoch in range(1, epochs + 1):
    entry = {
      "epoch": epoch,
      "elbo": -100.0 - epoch,
      "kl": 20.0 + epoch,
      "log_likelihood": -80.0,
    }
    if test_every and epoch % test_every == 0:
      entry |= {f"val_{k}": entry[k] - 2 for k in ("elbo", "kl", "log_likelihood")}
    entries.append(entry)
  return entries


def line(axes, label):
  (found,) = (li for li in axes.get_lines() if li.get_label() == label)
  return found


def test_three_panels_with_units():
  figure = plots.learning_curves(history(), title="run")
  assert figure.get_suptitle() == "run"
  assert [axes.get_title() for axes in figure.axes] == [
    r"Bound $\mathcal{L}$",
    r"$KL(q(z\,|\,x)\,\|\,p(z))$",
    r"$E_q[\log p(x\,|\,z)]$",
  ]
  for axes in figure.axes:
    assert axes.get_xlabel() == "epoch" and axes.get_ylabel() == "nats per example"
  (legend,) = figure.legends
  assert [text.get_text() for text in legend.get_texts()] == ["train", "test"]


def test_lines_hold_the_history_in_order_and_skip_what_is_missing():
  entries = history(test_every=3)
  entries[4]["kl"] = None
  entries[5]["kl"] = float("nan")
  figure = plots.learning_curves(entries[::-1])
  bound, kl, _ = figure.axes
  np.testing.assert_array_equal(line(bound, "train").get_xdata(), np.arange(1, 11))
  np.testing.assert_array_equal(
    line(bound, "train").get_ydata(), -100.0 - np.arange(1, 11)
  )
  np.testing.assert_array_equal(line(bound, "test").get_xdata(), [3, 6, 9])
  np.testing.assert_array_equal(
    line(kl, "train").get_xdata(), [1, 2, 3, 4, 7, 8, 9, 10]
  )


def test_lines_differ_in_more_than_colour():
  (axes, *_) = plots.learning_curves(history()).axes
  train, test = line(axes, "train"), line(axes, "test")
  assert train.get_linestyle() != test.get_linestyle()
  assert train.get_marker() != test.get_marker()


@pytest.mark.parametrize(
  "test_every, texts",
  [
    (1, ["−112.0", "28.0", "−82.0"]),
    (4, ["−110.0", "26.0", "−82.0"]),
    (0, ["−110.0", "30.0", "−80.0"]),
  ],
)
def test_the_last_test_value_is_written(test_every, texts):
  figure = plots.learning_curves(history(test_every=test_every))
  assert [axes.texts[-1].get_text() for axes in figure.axes] == texts


@pytest.mark.parametrize("epochs", [1, 2, 7, 1000])
@pytest.mark.parametrize("log_epochs", [False, True])
def test_ticks_are_whole_epochs(epochs, log_epochs):
  figure = plots.learning_curves(history(epochs), log_epochs=log_epochs)
  figure.draw_without_rendering()
  for axes in figure.axes:
    assert axes.get_xscale() == ("log" if log_epochs else "linear")
    low, high = axes.get_xlim()
    ticks = dict(zip(axes.get_xticks(), axes.get_xticklabels(), strict=True))
    shown = {x: text.get_text() for x, text in ticks.items() if low <= x <= high}
    assert shown and all(text == str(int(x)) for x, text in shown.items())


@pytest.mark.parametrize(
  "epochs, ticks",
  [
    (1, [1]),
    (7, [1, 2, 5]),
    (100, [1, 2, 5, 10, 20, 50, 100]),
    (1000, [1, 10, 100, 1000]),
  ],
)
def test_a_logarithmic_axis_has_few_round_ticks(epochs, ticks):
  (axes, *_) = plots.learning_curves(history(epochs), log_epochs=True).axes
  np.testing.assert_array_equal(axes.get_xticks(), ticks)


def test_early_values_far_away_do_not_squash_the_rest():
  entries = history(20, test_every=0)
  entries[0]["elbo"] = -5000.0
  bound, kl, _ = plots.learning_curves(entries).axes
  low, high = bound.get_ylim()
  # Epochs 3 to 20 have -103 to -120; the margin is 12% of that.
  np.testing.assert_allclose([low, high], [-120 - 2.04, -103 + 2.04], rtol=1e-12)
  assert "axis clipped:\n1 early value below" in [t.get_text() for t in bound.texts]
  assert not any("clipped" in text.get_text() for text in kl.texts)
  bound, *_ = plots.learning_curves(entries, log_epochs=True).axes
  assert bound.get_ylim()[0] < -5000.0


def test_late_spikes_are_always_shown():
  points = np.column_stack([np.arange(1, 21), np.zeros(20)])
  points[15, 1] = -5000.0
  assert curves.value_range(points) == (-5000.0, 0.0)


@pytest.mark.parametrize("epochs, expected", [(4, (-9.0, 1.0)), (5, (0.0, 1.0))])
def test_short_runs_are_shown_whole(epochs, expected):
  points = np.column_stack([np.arange(epochs), np.arange(epochs) % 2])
  points[0, 1] = -9.0
  assert curves.value_range(points) == expected


@pytest.mark.parametrize(
  "entries, options, message",
  [
    ([], {}, "empty"),
    ([{"epoch": 1, "elbo": 1.0}], {}, r"history\[0\] has no 'kl', 'log_likelihood'"),
    (history(2) + history(1), {}, "epoch 1 more than once"),
    ([history(1)[0] | {"epoch": 0}], {"log_epochs": True}, "got epoch 0"),
    (
      [{"epoch": 1, "elbo": 1.0, "kl": float("inf"), "log_likelihood": 1.0}],
      {},
      "no finite value of 'kl'",
    ),
  ],
)
def test_errors_name_what_is_wrong(entries, options, message):
  with pytest.raises(ValueError, match=message):
    plots.learning_curves(entries, **options)


def test_the_history_of_fit_is_drawn():
  lists = {key: [1.0, 2.0, 3.0] for key in ("elbo", "kl", "log_likelihood", "loss")}
  bound, *_ = plots.learning_curves(lists).axes
  np.testing.assert_array_equal(line(bound, "train").get_xdata(), [1, 2, 3])
  np.testing.assert_array_equal(line(bound, "train").get_ydata(), [1, 2, 3])


def test_the_axis_of_the_kl_begins_at_zero():
  """A KL that stays where it is looks as if it did."""
  lists = {key: [24.0, 24.5, 24.1] for key in ("elbo", "kl", "log_likelihood")}
  _, kl, _ = plots.learning_curves(lists).axes
  low, high = kl.get_ylim()
  assert low == 0 and high > 24.5

  lists["kl"] = [24.0, -0.5, 24.1]  # a sampled KL can be negative
  _, kl, _ = plots.learning_curves(lists).axes
  assert kl.get_ylim()[0] < -0.5


def test_values_that_are_not_of_every_epoch_are_an_error():
  lists = {key: [1.0, 2.0] for key in ("elbo", "kl", "log_likelihood")}
  with pytest.raises(ValueError, match="different lengths.*validation_freq"):
    plots.learning_curves({**lists, "val_elbo": [1.0]})
