"""A figure that a notebook shows, without pyplot and its settings.

The inline backend of Jupyter shows the figures of pyplot, and knows none until pyplot is
imported. This one says itself what it looks like.
"""

import io

from matplotlib.figure import Figure

from aevb_tf.plots import style

# As wide as a notebook's text.
_DPI = 100


class InlineFigure(Figure):
  """A figure that is its own picture, where a notebook asks for one."""

  def _repr_png_(self) -> bytes:
    return _png(self)


@style.styled
def _png(figure: Figure) -> bytes:
  picture = io.BytesIO()
  figure.savefig(picture, format="png", dpi=_DPI)
  return picture.getvalue()
