"""Updates RESULTS.md: writes what follows from the tables between its markers.

<!-- begin figure2_mnist.paper -->
what `BLOCKS["figure2_mnist.paper"]` gives of figure2_mnist.csv
<!-- end -->
"""

import functools
import pathlib
import re
import shutil
from collections.abc import Callable
from typing import Any

import experiments
from aevb_tf.files import write as write_file
from aevb_tf.files import write_text
from aevb_tf.training import configuration
from experiments import files
from experiments.anomalies import Anomaly
from experiments.anomaly_tables import Outliers
from experiments.choices import Choice
from experiments.gradient_variance import Variance
from experiments.imputation import Imputation
from experiments.published import FIGURE2_FREY, FIGURE2_MNIST
from experiments.restoration import Score
from experiments.results import (
  anomalies,
  compared,
  few_data,
  figure2,
  figure3,
  imputation,
  restoration,
  seeds,
  tables,
)
from experiments.semi_supervised import Result
from experiments.sweep import Point

_BLOCK = re.compile(r"(<!-- begin (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
_NOT_RUN = "Not run yet."
# What the rows of a table are, unless they are points.
_ROWS = {
  "anomalies": Anomaly,
  "anomaly_tables": Outliers,
  "choices": Choice,
  "gradient_variance": Variance,
  "imputation": Imputation,
  "semi_supervised": Result,
  "restoration": Score,
}


def _steps(points: list[Point]) -> str:
  """How the step sizes were chosen, and what all runs took."""
  return f"{compared.steps(points)}\n\n{compared.training_time(points)}"


# TABLE.BLOCK -> its text, from the rows of the table and the folder of all tables; "" if
# it was not run.
BLOCKS: dict[str, Callable[[list[Any], pathlib.Path], str]] = {
  "choices.seeds": lambda rows, folder: seeds.measured(folder),
  "figure2_mnist.paper": lambda rows, folder: figure2.beside_paper(
    rows, FIGURE2_MNIST, seeds.of_figure2_mnist(folder)
  ),
  "figure2_mnist.more_latents": lambda rows, _: figure2.more_latents(rows),
  "figure2_mnist.narrow_start": lambda rows, folder: figure2.narrow_start(
    rows, FIGURE2_MNIST, seeds.of_figure2_mnist(folder)
  ),
  "figure2_mnist.wake_sleep": lambda rows, _: compared.wake_sleep_below(rows),
  "figure2_mnist.modern": lambda rows, _: figure2.modern(rows, FIGURE2_MNIST),
  "figure2_mnist.steps": lambda rows, _: _steps(rows),
  "figure2_frey.paper": lambda rows, folder: figure2.beside_paper(
    rows, FIGURE2_FREY, seeds.of_figure2_frey(folder)
  ),
  "figure2_frey.wake_sleep": lambda rows, _: compared.wake_sleep_below(rows),
  "figure2_frey.steps": lambda rows, _: _steps(rows),
  "figure3.paper": lambda rows, folder: figure3.beside_paper(
    rows, seeds.of_figure3(folder)
  ),
  "figure3.orders": lambda rows, folder: figure3.orders(
    rows, seeds.between_methods(folder)
  ),
  "figure3.differences": lambda rows, _: figure3.differences(rows),
  "figure3.steps": lambda rows, _: _steps(figure3.log_marginals(rows)),
  "few_data.table": lambda rows, _: few_data.table(rows),
  "few_data.summary": lambda rows, _: few_data.summary(rows),
  "figure4.models": lambda rows, _: tables.models(rows),
  "figure5.models": lambda rows, _: tables.models(rows),
  "gradient_variance.table": lambda rows, _: tables.variances(rows),
  "full_vb.bounds": lambda rows, _: tables.full_vb(rows),
  "full_vb.steps": lambda rows, _: _steps([p for p in rows if p.quantity == "bound"]),
  "semi_supervised.table": lambda rows, _: tables.few_labels(rows),
  "choices.table": lambda rows, _: tables.choices(rows),
  "anomalies.summary": lambda rows, _: anomalies.summary(rows),
  "anomalies.held_out": lambda rows, _: anomalies.digits(rows, "held out"),
  "anomalies.alone": lambda rows, _: anomalies.digits(rows, "alone"),
  "anomaly_tables.summary": lambda rows, _: anomalies.tables_summary(rows),
  "anomaly_tables.table": lambda rows, _: anomalies.tables(rows),
  "imputation.published": lambda rows, _: imputation.squared_error(rows),
  "imputation.summary": lambda rows, _: imputation.summary(rows),
  "imputation.errors": lambda rows, _: imputation.errors(rows),
  "imputation.error_rates": lambda rows, _: imputation.error_rates(rows),
  "imputation.coverage": lambda rows, _: imputation.coverage(rows),
  "restoration.psnr": lambda rows, _: restoration.psnr(rows),
  "restoration.log_likelihood": lambda rows, _: restoration.log_likelihood(rows),
}


def fill(page: str, folder: pathlib.Path) -> str:
  """Returns the page with its blocks as the tables have them.

  Args:
    page: The text of the page, with the markers of every block.
    folder: Where the tables lie.

  Raises:
    ConfigError: A block is unknown, absent, or there more than once.
  """
  found = [match[2] for match in _BLOCK.finditer(page)]
  if sorted(found) != sorted(BLOCKS):
    wrong = {
      name for name in {*found, *BLOCKS} if found.count(name) != (name in BLOCKS)
    }
    raise configuration.ConfigError(
      f"The page must have each block once; these are not: {', '.join(sorted(wrong))}."
    )
  return _BLOCK.sub(lambda m: f"{m[1]}\n{block(m[2], folder)}\n\n{m[3]}", page)


def block(name: str, folder: pathlib.Path) -> str:
  """Returns the text of one of `BLOCKS`; says so if it was not run."""
  experiment, _, _ = name.partition(".")
  table = folder / f"{experiment}.csv"
  if not table.exists():
    return _NOT_RUN
  rows = files.read_csv(table, _ROWS.get(experiment, Point))
  return BLOCKS[name](rows, folder) or _NOT_RUN


def write(folder: pathlib.Path, page: pathlib.Path, workdir: str = "") -> None:
  """Updates the page from a folder of tables, which a `workdir` may renew first.

  Args:
    folder: Where tables and pictures lie.
    page: The file to update.
    workdir: A folder of experiments, or "".

  Raises:
    ConfigError: There is no such page, its markers are wrong, or a table of `workdir`
      shows nothing of the paper.
  """
  if not page.exists():
    raise configuration.ConfigError(
      f"{page}: no such page. Copy RESULTS.md there: its prose is written by hand."
    )
  folder.mkdir(parents=True, exist_ok=True)
  if workdir:
    for name in experiments.EXPERIMENTS:
      for suffix in (".csv", ".png"):
        source = pathlib.Path(workdir, name + suffix)
        if source.exists():
          write_file(folder / source.name, functools.partial(_copy, source))
  write_text(page, fill(page.read_text(encoding="utf-8"), folder))


def _copy(source: pathlib.Path, to: pathlib.Path) -> None:
  """Copies a table or a picture; what `smoke` made shows nothing of the paper."""
  if source.suffix == ".csv" and ",digits," in source.read_text(encoding="utf-8"):
    raise configuration.ConfigError(
      f"{source}: made by --scale=smoke; run the experiment at scale default."
    )
  shutil.copyfile(source, to)
