"""Writes figures atomically, with the same bytes for the same picture."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING

from aevb_tf import files
from aevb_tf.plots import style

if TYPE_CHECKING:
  from matplotlib.figure import Figure

# Metadata that would otherwise depend on the time or on the version of the software.
_METADATA = {
  ".png": {"Software": None},
  ".pdf": {"CreationDate": None},
  ".svg": {"Date": None},
}


@style.styled
def save(
  figure: Figure, path: str | os.PathLike, *, dpi: int = style.DPI
) -> pathlib.Path:
  """Writes a figure atomically; a reader sees the old file or the new one.

  Args:
    figure: A figure, as the functions of `aevb_tf.plots` return it.
    path: The file, `.png`, `.pdf` or `.svg`; missing folders are created.
    dpi: Pixels per inch.

  Returns:
    The path of the file.

  Raises:
    ValueError: The suffix is not one of these three.
  """
  path = pathlib.Path(path)
  suffix = path.suffix.lower()
  if suffix not in _METADATA:
    raise ValueError(
      f"Cannot save a figure as {path.name!r}: use a name that ends in "
      f"{', '.join(_METADATA)}."
    )
  path.parent.mkdir(parents=True, exist_ok=True)
  metadata = _METADATA[suffix]

  def save_to(partial: pathlib.Path) -> None:
    figure.savefig(partial, format=suffix[1:], dpi=dpi, metadata=metadata)

  files.write(path, save_to)
  return path
