"""The page: a section for each figure."""

import functools
import pathlib
import shutil
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from aevb_tf.training import configuration, run_folder
from experiments import choices as experiment
from experiments import curves
from experiments.results import choices, few_data, prose, sections, seeds


class Section(NamedTuple):
  """A part of the page.

  Attributes:
    title: Its heading.
    tables: What the table's rows say, as paragraphs.
    text: What no table says.
    read: Reads the table.
    beside: Names of what `tables` takes besides -> reads it from the folder of tables.
  """

  title: str
  tables: Callable
  text: str = ""
  read: Callable = curves.read
  beside: Mapping[str, Callable] = MappingProxyType({})


SECTIONS = {
  "figure2_mnist": Section(
    "Figure 2, MNIST",
    sections.figure2_mnist,
    prose.MNIST,
    beside={"spread": seeds.of_figure2_mnist},
  ),
  "figure2_frey": Section(
    "Figure 2, Frey Face",
    sections.figure2_frey,
    prose.FREY,
    beside={"spread": seeds.of_figure2_frey},
  ),
  "figure3": Section(
    "Figure 3",
    sections.figure3,
    prose.FIGURE3,
    beside={"spread": seeds.of_figure3, "between": seeds.between_methods},
  ),
  "few_data": Section(
    "Figure 3 for few data, with one thing changed", few_data.table, prose.FEW_DATA
  ),
  "figure4": Section("Figure 4", sections.curves_only, prose.FIGURE4),
  "figure5": Section("Figure 5", sections.curves_only, prose.FIGURE5),
  "gradient_variance": Section(
    "The variance of gradients", choices.plain, prose.VARIANCE, choices.rows
  ),
  "full_vb": Section("Full variational Bayes", sections.full_vb, prose.FULL_VB),
  "choices": Section(
    "What the paper leaves open", choices.choices, prose.CHOICES, experiment.read
  ),
}


def text(folder: pathlib.Path, shown: str) -> str:
  """The page.

  Args:
    folder: Where tables and pictures lie.
    shown: That folder, as a link from the page.
  """
  parts = [prose.HEAD, prose.SEEDS, *seeds.lines(folder), prose.PRIOR]
  for name, section in SECTIONS.items():
    parts += [f"## {section.title}", *_section(name, section, folder, shown)]
  return "\n\n".join(part for part in parts if part) + "\n"


def _section(name, section, folder, shown):
  command = f"    python -m experiments {name} --workdir=runs/paper"
  table, picture = folder / f"{name}.csv", folder / f"{name}.png"
  parts = [section.text, command]
  if not table.exists():
    return [*parts, "Not run yet."]
  if picture.exists():
    parts.append(f"![{section.title}]({shown}/{picture.name})")
  beside = {name: read(folder) for name, read in section.beside.items()}
  return [*parts, *section.tables(section.read(table), **beside)]


def write(folder: pathlib.Path, page: pathlib.Path, workdir: str = "") -> None:
  """Writes the page, from a folder of tables that a `workdir` may renew first.

  Args:
    folder: Where tables and pictures lie.
    page: The file to write.
    workdir: A folder of experiments, or "".
  """
  folder.mkdir(parents=True, exist_ok=True)
  if workdir:
    for name in SECTIONS:
      for suffix in (".csv", ".png"):
        source = pathlib.Path(workdir, name + suffix)
        if source.exists():
          run_folder.write(folder / source.name, functools.partial(_copy, source))
  shown = folder.relative_to(page.parent) if page.parent in folder.parents else folder
  run_folder.write_text(page, text(folder, shown.as_posix()))


def _copy(source: pathlib.Path, to: pathlib.Path) -> None:
  """Copies a table or a picture; what `smoke` made shows nothing of the paper."""
  if source.suffix == ".csv" and ",digits," in source.read_text(encoding="utf-8"):
    raise configuration.ConfigError(
      f"{source}: made by --scale=smoke; run the experiment at scale default."
    )
  shutil.copyfile(source, to)
