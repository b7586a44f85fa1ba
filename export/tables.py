"""Verifications and quantized files, as lines to read."""

from collections.abc import Sequence
from typing import Any

from aevb_tf.export.verify import Report


def verification(report: Report) -> str:
  """The artifacts of an export, and how far each is from the model.

  Args:
    report: Of `verify`.
  """
  told, lines = report.manifest, []
  for artifact in told["artifacts"]:
    path = artifact["path"]
    lines += ["", f"  {path}  {_size(told, path)}{_kind(artifact)}"]
    found = [d for d in report.differences if d.artifact == path]
    runtimes = list(dict.fromkeys(d.runtime for d in found))
    if runtimes:
      lines.append(_row("", *runtimes, "tolerance"))
    for label in dict.fromkeys(d.signature for d in found):
      row = {d.runtime: d for d in found if d.signature == label}
      cells = [_number(row.get(runtime)) for runtime in runtimes]
      lines.append(_row(label, *cells, f"{next(iter(row.values())).tolerance:.1g}"))
    lines += [
      f"    not run in {runtime}: {why}"
      for skipped, runtime, why in report.skipped
      if skipped == path
    ]
    lines += _told(artifact)
  return "\n".join(lines[1:])


def files(report: Report) -> str:
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


def _told(artifact):
  told = artifact["told"]
  lines = [
    f"    without {name}: {why}" for name, why in told.get("left_out", {}).items()
  ]
  quantized = told.get("quantization", {})
  if "note" in quantized:
    lines.append(f"    {quantized['note']}")
  if "nats" in quantized:
    lines.append(
      f"    bound {quantized['nats']:+.3f} nats on {quantized['num_examples']:,} test"
      f" data, at most {quantized['max_nats']:g} allowed"
    )
  if "content" in told:
    lines += [f"    hash of {key} {value}" for key, value in told["content"].items()]
  if "operators" in told:
    used = told["operators"]
    lines.append(f"    {sum(used.values())} operators: {_wrapped(list(used))}")
  return lines


def _wrapped(words: Sequence[str]) -> str:
  lines = [""]
  for word in words:
    if len(lines[-1]) + len(word) > 66:
      lines.append("")
    lines[-1] += f"{word} "
  return "\n      ".join(line.rstrip() for line in lines)


def _size(told: dict[str, Any], path: str) -> str:
  names = (n for n in told["files"] if n == path or n.startswith(f"{path}/"))
  return f"{sum(told['files'][name]['bytes'] for name in names):,} bytes"
