"""The class of an experiment, and the code that creates its table and its picture."""

import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure as Picture

from aevb_tf import plots
from experiments import files, sweep
from experiments.sweep import Job, Sweep


class Figure(NamedTuple):
  """An experiment.

  Attributes:
    jobs: The jobs, in order.
    draw: Draws the picture from the rows of the table; for figures 4 and 5, from
      models.
    tabulate: Returns the rows of the table, tuples of one kind.
    live: Whether table and picture are written after every job, not only at the end.
  """

  jobs: Sequence[Job]
  draw: Callable[[list, Sweep], Picture]
  tabulate: Callable[[Sweep], list] = Sweep.points
  live: bool = False


def make(
  name: str, figure: Figure, workdir: pathlib.Path
) -> tuple[pathlib.Path, pathlib.Path]:
  """Trains, measures and draws a figure; results in the folder are reused.

  Args:
    name: The name of the figure.
    figure: The figure.
    workdir: Where the table, the picture and the runs' folders go.

  Returns:
    The paths of the table and of the picture.
  """
  table, picture = workdir / f"{name}.csv", workdir / f"{name}.png"

  def write(curves: Sweep) -> None:
    rows = figure.tabulate(curves)
    files.write_csv(table, rows)
    # As the table has them: the picture shows what it says.
    rows = files.read_csv(table, type(rows[0]))
    plots.save(figure.draw(rows, curves), picture)

  if figure.live:
    sweep.execute(figure.jobs, workdir, write)
  else:
    write(sweep.execute(figure.jobs, workdir))
  return table, picture
