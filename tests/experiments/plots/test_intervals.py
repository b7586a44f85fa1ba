"""Answers to questions: values and intervals where they belong, ours marked."""

import numpy as np
import pytest

from experiments.plots.intervals import intervals

GROUPS = {
  "targets": {"grey": (-120.0, 0.5, True), "bits": (-110.0, 1.0, False)},
  "step": {"0.1": (-125.0, 0.5, False)},
}


def test_each_answer_has_its_value_and_interval():
  figure = intervals(GROUPS, title="Title", xlabel="nats")
  targets, step = figure.axes
  assert [t.get_text() for t in targets.get_yticklabels()] == ["grey", "bits"]
  grey, bits = targets.containers
  assert grey.lines[0].get_xdata()[0] == -120
  (((low, _), (high, _)),) = bits.lines[2][0].get_segments()
  np.testing.assert_allclose([low, high], [-111.96, -108.04])
  # The first is above, ours is filled.
  low, high = targets.get_ylim()
  assert low > high
  assert bits.lines[0].get_markerfacecolor() == "white"
  assert grey.lines[0].get_markerfacecolor() != "white"
  assert step.get_xlabel() == "nats"


def test_nothing_to_draw_is_refused():
  with pytest.raises(ValueError, match="empty"):
    intervals({}, title="", xlabel="")
