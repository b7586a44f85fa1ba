"""The result of a verification, and its text for printing."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Difference(NamedTuple):
  """The difference of an artifact in a runtime from the model, for one signature."""

  artifact: str
  runtime: str
  signature: str
  difference: float
  tolerance: float

  @property
  def within(self) -> bool:
    """Whether it is within the tolerance; NaN is not."""
    return self.difference <= self.tolerance


class Report(NamedTuple):
  """The result of a verification.

  Attributes:
    manifest: The manifest of the export.
    differences: The differences of all artifacts that could be run.
    breaches: What is wrong, one line each; empty if nothing is.
    skipped: What could not be run: artifact, runtime and reason.
  """

  manifest: dict[str, Any]
  differences: list[Difference]
  breaches: list[str]
  skipped: Sequence[tuple[str, str, str]] = ()


def format_artifacts(report: Report) -> str:
  """The artifacts of an export, and the difference of each from the model."""
  lines = []
  for artifact in report.manifest["artifacts"]:
    path = artifact["path"]
    lines += ["", f"  {path}  {_size(report.manifest, path)}{_kind(artifact)}"]
    differences = [d for d in report.differences if d.artifact == path]
    runtimes = list(dict.fromkeys(d.runtime for d in differences))
    if runtimes:
      lines.append(_row("", *runtimes, "tolerance"))
    for label in dict.fromkeys(d.signature for d in differences):
      row = {d.runtime: d for d in differences if d.signature == label}
      cells = [_number(row.get(runtime)) for runtime in runtimes]
      lines.append(_row(label, *cells, f"{next(iter(row.values())).tolerance:.1g}"))
    lines += [
      f"    not run in {runtime}: {reason}"
      for skipped, runtime, reason in report.skipped
      if skipped == path
    ]
    lines += _detail_lines(artifact["told"])
  return "\n".join(lines[1:])


def format_files(report: Report) -> str:
  """The files of an export with their sizes and hashes."""
  return "\n".join(
    f"  {file['sha256']}  {file['bytes']:>11,}  {path}"
    for path, file in report.manifest["files"].items()
  )


def _row(label: str, *cells: str) -> str:
  return f"    {label:<16}" + "".join(f"{cell:>14}" for cell in cells)


def _number(difference):
  if difference is None:
    return "-"
  return f"{difference.difference:.1e}" + ("" if difference.within else " !")


def _kind(artifact):
  kind = "" if artifact["quantize"] == "none" else f", {artifact['quantize']}"
  fixed = artifact["batch_size"]
  return kind + (f", batch of {fixed}" if fixed else "")


def _detail_lines(details):
  lines = [
    f"    without {name}: {reason}"
    for name, reason in details.get("left_out", {}).items()
  ]
  quantized = details.get("quantization", {})
  if "note" in quantized:
    lines.append(f"    {quantized['note']}")
  if "nats" in quantized:
    lines.append(
      f"    bound {quantized['nats']:+.3f} nats on {quantized['num_examples']:,} test"
      f" examples, at most {quantized['max_nats']:g} allowed"
    )
  lines += [
    f"    hash of {part} {value}" for part, value in details.get("content", {}).items()
  ]
  if operators := details.get("operators"):
    lines.append(
      f"    {sum(operators.values())} operators: {_wrapped(list(operators))}"
    )
  return lines


def _wrapped(words: Sequence[str]) -> str:
  lines = [""]
  for word in words:
    if len(lines[-1]) + len(word) > 66:
      lines.append("")
    lines[-1] += f"{word} "
  return "\n      ".join(line.rstrip() for line in lines)


def _size(manifest: dict[str, Any], path: str) -> str:
  files = manifest["files"]
  names = (name for name in files if name == path or name.startswith(f"{path}/"))
  return f"{sum(files[name]['bytes'] for name in names):,} bytes"
