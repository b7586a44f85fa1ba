"""The blocks of RESULTS.md about imputation: errors, coverage, and who is best."""

from collections.abc import Sequence

from experiments import imputation
from experiments.imputation import Imputation, Setting
from experiments.imputers import OURS
from experiments.results import markdown as md

_COLUMNS = ("table", "mechanism", "missing")


def errors(rows: Sequence[Imputation]) -> str:
  """The RMSE of every method in every setting; the lowest is bold."""
  return _table(rows, "rmse")


def error_rates(rows: Sequence[Imputation]) -> str:
  """The error rate of the columns of levels."""
  return _table(rows, "error_rate")


def coverage(rows: Sequence[Imputation]) -> str:
  """The coverage of our 90% intervals in every setting."""
  found = imputation.over_masks(rows, "coverage")
  lines = [
    [*_names(setting), _value(*values)]
    for (setting, method), values in found.items()
    if method == OURS
  ]
  return md.table((*_COLUMNS, "coverage of 90% intervals"), lines)


def summary(rows: Sequence[Imputation]) -> str:
  """In how many settings each method is best, and the published number."""
  masks = len({row.mask for row in rows})
  sentences = [f"These are means over {masks} masks, and their standard errors."]
  for quantity, name in (("rmse", "RMSE"), ("error_rate", "error rate")):
    by_setting = _by_setting(rows, quantity)
    if not by_setting:
      continue
    near = [s for s, found in by_setting.items() if OURS in _best(found)]
    sentences.append(
      f"In {len(near)} of {len(by_setting)} settings, the VAE has the lowest {name} or is"
      " within a standard error of it."
    )
    others = [s for s in by_setting if s not in near]
    if others:
      lowest = (
        f"{', '.join(_names(s))} ({min(by_setting[s], key=by_setting[s].get)})"
        for s in others
      )
      sentences.append(f"In the others, another method is better: {'; '.join(lowest)}.")
  covered = [
    value
    for (_, method), (value, _) in imputation.over_masks(rows, "coverage").items()
    if method == OURS
  ]
  within = sum(0.88 <= value <= 0.92 for value in covered)
  sentences.append(
    f"The 90% intervals of the VAE hold between {min(covered):.0%} and"
    f" {max(covered):.0%} of the hidden values, and 88% to 92% in {within} of"
    f" {len(covered)} settings."
  )
  return " ".join(sentences)


def squared_error(rows: Sequence[Imputation]) -> str:
  """The mean squared error of the setting that was published."""
  setting = Setting("breast cancer", *imputation.SHOWN)
  errors = [
    row.rmse**2
    for row in rows
    if (row.table, row.mechanism, row.share, row.method) == (*setting, OURS)
  ]
  if not errors:
    return ""
  mean, error = imputation.mean_and_error(errors)
  return (
    "The notebook of MIWAE's authors has a mean squared error of 0.287 for the breast"
    f" cancer table with half of the values missing, with one mask. Ours is {mean:.3f}"
    f" \N{PLUS-MINUS SIGN} {error:.3f} over {len(errors)} masks."
  )


def _table(rows, quantity) -> str:
  by_setting = _by_setting(rows, quantity)
  methods = list(dict.fromkeys(m for found in by_setting.values() for m in found))
  lines = []
  for setting, found in by_setting.items():
    cells = {method: _value(*values) for method, values in found.items()}
    lowest = min(found, key=found.get)
    cells[lowest] = f"**{cells[lowest]}**"
    lines.append([*_names(setting), *(cells.get(m, "not run") for m in methods)])
  return md.table((*_COLUMNS, *methods), lines)


def _by_setting(rows, quantity) -> dict[Setting, dict[str, tuple[float, float]]]:
  found: dict[Setting, dict[str, tuple[float, float]]] = {}
  for (setting, method), values in imputation.over_masks(rows, quantity).items():
    found.setdefault(setting, {})[method] = values
  return found


def _best(found) -> list[str]:
  """The methods whose error is at most a standard error above the lowest."""
  lowest, error = min(found.values())
  return [
    method
    for method, (value, own) in found.items()
    if value - lowest <= max(error, own)
  ]


def _names(setting: Setting) -> list[str]:
  return [setting.table, setting.mechanism, f"{setting.share:.0%}"]


def _value(value: float, error: float) -> str:
  return f"{value:.3f} \N{PLUS-MINUS SIGN} {error:.3f}"
