"""The blocks of RESULTS.md about anomalies, of digits and in tables."""

from collections.abc import Mapping, Sequence

import numpy as np

from aevb_tf.tasks import scores
from experiments import anomalies, anomaly_tables, detection, detectors
from experiments.anomalies import DIGITS, PUBLISHED, Anomaly
from experiments.anomaly_tables import Outliers
from experiments.results import markdown as md

_PEER = "PyOD VAE"


def digits(rows: Sequence[Anomaly], setting: str) -> str:
  """The AUROC of every score for every digit, and what was published; best is bold."""
  found = anomalies.means(rows, setting)
  if not found:
    return ""
  best = {d: max(values.get(d, 0.0) for values in found.values()) for d in DIGITS}
  lines = [_line(_name(score), values, best) for score, values in found.items()]
  if setting == "held out":
    lines += [
      _line(f"published, bound, {dim} latents", dict(enumerate(values)), {})
      for dim, values in PUBLISHED.items()
    ]
  return md.table(("score", *map(str, DIGITS), "mean", "lowest"), lines)


def _line(name: str, values: Mapping[int, float], best: Mapping[int, float]):
  cells = []
  for digit in DIGITS:
    if digit not in values:
      cells.append("not run")
    else:
      text = f"{values[digit]:.3f}"
      cells.append(f"**{text}**" if values[digit] == best.get(digit) else text)
  every = list(values.values())
  return [name, *cells, f"{np.mean(every):.3f}", f"{min(every):.3f}"]


def summary(rows: Sequence[Anomaly]) -> str:
  """The default score, the best one, and the rate of false alarms."""
  sentences = []
  for setting in anomalies.SETTINGS:
    found = anomalies.means(rows, setting)
    if not found:
      continue
    mean = {score: float(np.mean(list(v.values()))) for score, v in found.items()}
    ours, best = anomalies.DEFAULT, max(mean, key=lambda score: mean[score])
    models = {(r.digit, r.seed) for r in rows if r.setting == setting}
    text = (
      f"Digits {setting}, {len(models)} models: the default score, `{ours}`, has a mean"
      f" AUROC of {mean[ours]:.3f}, and at least {min(found[ours].values()):.3f} for each"
      " digit."
    )
    if best != ours:
      text += f" `{best}` has the highest mean, {mean[best]:.3f}."
    sentences.append(text)
  alarms = [row.false_alarms for row in rows]
  detected = [row.detected for row in rows if row.score == anomalies.DEFAULT]
  sentences.append(
    f"With thresholds for {detection.RATE:.0%} of false alarms, {np.mean(alarms):.1%} of"
    " the normal test digits are called anomalies, over all scores and models, and the"
    f" default score finds {np.mean(detected):.0%} of the anomalies."
  )
  return " ".join(sentences)


def tables(rows: Sequence[Outliers]) -> str:
  """The AUROC of every method on every table; the best is bold."""
  found = anomaly_tables.means(rows)
  methods = list(dict.fromkeys(row.method for row in rows))
  lines = []
  for table, values in found.items():
    best = max(mean for mean, _ in values.values())
    cells = [
      "not run" if m not in values else _bold(values[m][0], best) for m in methods
    ]
    lines.append([table, *cells])
  means = [_mean_of(found, method) for method in methods]
  lines.append(["mean", *(_bold(mean, max(means)) for mean in means)])
  return md.table(("table", *map(_name, methods)), lines)


def _mean_of(found, method) -> float:
  return float(np.mean([v[method][0] for v in found.values() if method in v]))


def _bold(value: float, best: float) -> str:
  return f"**{value:.3f}**" if value == best else f"{value:.3f}"


def tables_summary(rows: Sequence[Outliers]) -> str:
  """Where the default and the best score are better than PyOD's VAE, and kNN better."""
  found = anomaly_tables.means(rows)
  if not all(_PEER in values for values in found.values()):
    return ""
  splits = len({row.seed for row in rows})
  sentences = [
    f"Means over {splits} splits." if splits > 1 else "One split of each table."
  ]
  best = max(detectors.OURS, key=lambda score: _mean_of(found, score))
  for score in dict.fromkeys((detectors.DEFAULT, best)):
    means = {table: values[score][0] for table, values in found.items()}
    above = [t for t, values in found.items() if means[t] > values[_PEER][0]]
    knn = [t for t, values in found.items() if values["kNN"][0] > means[t]]
    sentences.append(
      f"`{score}` is better than PyOD's VAE on {len(above)} of {len(found)} tables, and"
      f" kNN is better than it on {len(knn)}{_named(knn)}."
    )
  return " ".join(sentences)


def _named(tables: Sequence[str]) -> str:
  return f" ({', '.join(tables)})" if tables else ""


def _name(method: str) -> str:
  return f"`{method}`" if method in scores.names() else method
