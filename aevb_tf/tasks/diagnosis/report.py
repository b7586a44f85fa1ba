"""The report of a diagnosis: findings, as text, JSON, a picture and scalars."""

import dataclasses
import json
import os
import pathlib
import textwrap
from typing import Any, Literal, TypeAlias

import numpy as np
import tensorflow as tf

from aevb_tf import plots
from aevb_tf.files import write, write_json, write_text

Verdict: TypeAlias = Literal["ok", "warn"]

_WIDTH = 88


@dataclasses.dataclass(frozen=True)
class Finding:
  """One number that a check found.

  Attributes:
    check: Name of the check.
    name: What the number is.
    value: The number.
    unit: Its unit, "" for none.
    standard_error: Standard error of the value; None if it has none.
    verdict: "warn" if something should be done, otherwise "ok".
    detail: What else was found, in a sentence; may be "".
    advice: What to try; "" if the verdict is "ok".
  """

  check: str
  name: str
  value: float
  unit: str = ""
  standard_error: float | None = None
  verdict: Verdict = "ok"
  detail: str = ""
  advice: str = ""

  def to_dict(self) -> dict[str, Any]:
    """The attributes as values for JSON; a number that is not finite is None."""
    values = dataclasses.asdict(self)
    for key in ("value", "standard_error"):
      values[key] = _finite(values[key])
    return values


@dataclasses.dataclass(frozen=True)
class Diagnosis:
  """What `diagnose` found.

  `print(report)` shows a table, and then what to try.

  Attributes:
    findings: The findings of all checks, in order.
    refused: Name of a check that does not apply to the model or the data -> the reason.
    num_train: Training examples that were used.
    num_test: Test examples that were used.
    arrays: Values for pictures, by name: `kl_per_latent` `[latent_dim]` and
      `mean_variance` `[latent_dim]`, `coverage_levels` and `coverage` `[levels]`,
      `elbo_train` `[num_train]`, `elbo_test` `[num_test]`, `amortization_gap` and
      `approximation_gap` `[num_refined]`, `pareto_k` `[num_refined]`; those of the
      checks that ran.
  """

  findings: tuple[Finding, ...]
  refused: dict[str, str]
  num_train: int
  num_test: int
  arrays: dict[str, np.ndarray] = dataclasses.field(default_factory=dict, repr=False)

  @property
  def warnings(self) -> tuple[Finding, ...]:
    """The findings whose verdict is "warn"."""
    return tuple(f for f in self.findings if f.verdict == "warn")

  def finding(self, name: str) -> Finding:
    """The finding with this name.

    Raises:
      KeyError: There is none.
    """
    for found in self.findings:
      if found.name == name:
        return found
    names = ", ".join(repr(f.name) for f in self.findings)
    raise KeyError(f"There is no finding {name!r}; there are {names}.")

  def __str__(self) -> str:
    rows = [
      ("check", "finding", "value", "", "verdict"),
      *(
        (f.check, f.name, _number(f), f.unit, f.verdict.upper() if f.advice else "ok")
        for f in self.findings
      ),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
      f"Diagnosis of {self.num_train:,} training and {self.num_test:,} test examples",
      "",
    ]
    for row in rows:
      cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
      cells[2] = row[2].rjust(widths[2])
      lines.append("  ".join(cells).rstrip())
    for f in self.findings:
      if f.detail or f.advice:
        lines += ["", *_wrapped(f"{f.name}: {f.detail} {f.advice}")]
    if self.refused:
      lines += ["", "Not checked:"]
      for check, reason in self.refused.items():
        lines += _wrapped(f"{check}: {reason}")
    return "\n".join(lines)

  def lines(self) -> list[str]:
    """A few lines: the findings that warn, with what to try."""
    if not self.warnings:
      return ["No check found a problem."]
    lines = []
    for f in self.warnings:
      number = f"{f.name}: {_number(f)} {f.unit}".rstrip()
      lines += _wrapped(f"{number}. {f.advice}")
    return lines

  def to_dict(self) -> dict[str, Any]:
    """The report as values for JSON, with all arrays as lists."""
    return {
      "num_train": self.num_train,
      "num_test": self.num_test,
      "findings": [f.to_dict() for f in self.findings],
      "refused": self.refused,
      "arrays": {
        name: [_finite(value) for value in values.tolist()]
        for name, values in self.arrays.items()
      },
    }

  def to_json(self) -> str:
    """The report as JSON, `to_dict()` as a string."""
    return json.dumps(self.to_dict(), indent=2, allow_nan=False)

  def save(self, folder: str | os.PathLike, picture: bool = True) -> None:
    """Writes `diagnosis.txt`, `diagnosis.json` and `diagnosis.png`.

    Args:
      folder: The folder; created if missing. Files in it are replaced.
      picture: Whether to draw the picture.
    """
    path = pathlib.Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    write_text(path / "diagnosis.txt", f"{self}\n")
    write_json(path / "diagnosis.json", self.to_dict())
    figure = plots.diagnosis(self.arrays) if picture else None
    if figure is not None:
      write(path / "diagnosis.png", lambda partial: plots.save(figure, partial))

  def to_tensorboard(
    self, writer: "tf.summary.SummaryWriter | str | os.PathLike", step: int = 0
  ) -> None:
    """Writes the findings as scalars `diagnosis/NAME`, and the report as a text.

    Args:
      writer: A writer of `tf.summary`, or the folder of a new one.
      step: The step at which TensorBoard shows them.
    """
    if isinstance(writer, (str, os.PathLike)):
      writer = tf.summary.create_file_writer(os.fspath(writer))
    with writer.as_default(step=step):
      for f in self.findings:
        tf.summary.scalar(f"diagnosis/{f.check}/{f.name}".replace(" ", "_"), f.value)
      # TensorBoard shows Markdown, in which four spaces begin a block of code.
      tf.summary.text("diagnosis", textwrap.indent(str(self), "    "))
    writer.flush()


def _number(finding):
  value = f"{finding.value:.4g}"
  if finding.standard_error is None:
    return value
  return f"{value} +- {finding.standard_error:.2g}"


def _wrapped(text):
  return textwrap.wrap(" ".join(text.split()), _WIDTH, subsequent_indent="  ")


def _finite(value):
  return None if value is None or not np.isfinite(value) else float(value)
