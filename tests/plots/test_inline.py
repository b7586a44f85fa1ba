"""The figures of the package in a notebook."""

import io
import pickle

import matplotlib.pyplot
import numpy as np
from PIL import Image

from aevb_tf import plots


def test_a_figure_is_shown_by_a_notebook_once_and_without_pyplot():
  figure = plots.samples(np.zeros((4, 5, 5, 1), np.float32))
  with Image.open(io.BytesIO(figure._repr_png_())) as picture:
    assert picture.size == tuple(np.round(figure.get_size_inches() * 100))
  # Those of pyplot are shown at the end of a cell, too.
  assert matplotlib.pyplot.get_fignums() == []
  assert type(pickle.loads(pickle.dumps(figure))) is type(figure)  # noqa: S301
