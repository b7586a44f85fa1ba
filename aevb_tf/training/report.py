"""Formats the numbers of an evaluation as lines of text."""

import math
import pathlib
from collections.abc import Sequence


def epochs(number: int) -> str:
  """Returns a number of epochs in words."""
  return f"{number} epoch" if number == 1 else f"{number} epochs"


def lines(values: dict, split: str = "test") -> str:
  """Returns the numbers of an evaluation, one per line, with their units.

  Args:
    values: The result of `Measurements.report`.
    split: The split of the data.
  """
  rows = [
    (key.replace("_", "-"), f"{values[key]:.2f}", "nats per example")
    for key in ("elbo", "log_likelihood", "kl")
  ]
  active = str(values["active_units"])
  rows.append(("active units", active, f"of {values['latent_dim']} latents"))
  return "\n".join(
    [
      f"  {split} split, {values['num_examples']:,} examples",
      *(f"  {name:<16}{value:>10}  {unit}" for name, value, unit in rows),
    ]
  )


def findings(lines: Sequence[str], folder: pathlib.Path) -> list[str]:
  """The lines of a diagnosis, and where the report is; none if there are no lines."""
  if not lines:
    return []
  indented = [f"  {line}" for line in lines]
  return ["", f"Findings, of {folder / 'diagnosis.txt'}:", *indented]


def sample_lines(values: dict) -> str:
  """Returns the quality of samples, one number per line.

  Args:
    values: The result of `SampleQuality.report`.
  """
  rows = [
    ("precision", values["precision"], "of the samples are within the test examples"),
    ("recall", values["recall"], "of the test examples are within the samples"),
    (
      "closer to train",
      values["closer_to_train"],
      "than a test example is; near 1 for copies, 0.5 for new data",
    ),
  ]
  if values["frechet_digits"] is not None:
    of_train = values["frechet_digits_of_train"]
    text = f"in features of digits; {of_train:.2f} for training examples"
    rows.append(("frechet-digits", values["frechet_digits"], text))
  lines = [
    f"  quality of {values['num_samples']:,} samples",
    *(f"  {name:<16}{value:>10.2f}  {text}" for name, value, text in rows),
  ]
  if values["refused"]:
    lines.append(f"  No frechet-digits: {values['refused']}")
  return "\n".join(lines)


def evidence_lines(values: dict, is_conditional: bool = False) -> str:
  """Returns an estimate of log p(x), or of log p(x|c), and its diagnostics.

  There are two errors with different names: that due to the data, from the spread over
  examples, and that due to the samples, for these examples.

  Args:
    values: The result of `measure_evidence`.
    is_conditional: Whether the model has a condition c.
  """
  rows = [
    (
      "log p(x|c)" if is_conditional else "log p(x)",
      f"{values['log_marginal']:.2f}",
      f"nats per example, by {values['method']}",
    ),
    (
      "spread of data",
      _error(values.get("standard_error")),
      "standard error of the mean over examples, nats",
    ),
    (
      "Monte Carlo",
      _error(values.get("monte_carlo_error")),
      "standard error of the mean due to the samples, nats",
    ),
    (
      "effective",
      f"{values['effective_sample_size']:.1f}",
      f"of {values['num_samples']:,} samples; at least "
      f"{values['smallest_effective_sample_size']:.1f}",
    ),
  ]
  if "pareto_k" in values:
    largest = values.get("largest_pareto_k", math.inf)
    rows.append(
      ("Pareto k", f"{values['pareto_k']:.2f}", f"in the median; at most {largest:.2f}")
    )
  if "r_hat" in values:
    largest = values.get("largest_r_hat", math.inf)
    rows.append(
      ("R-hat", f"{values['r_hat']:.2f}", f"in the median; at most {largest:.2f}")
    )
  if "acceptance" in values:
    rows.append(("acceptance", f"{values['acceptance']:.2f}", "of the HMC transitions"))
  if "gap" in values:
    error = _error(values.get("gap_standard_error"))
    rows.append(
      ("gap", f"{values['gap']:.2f}", f"nats, +- {error}: bounds on simulated examples")
    )
  lines = [
    f"  evidence of {values['num_examples']:,} examples",
    *(f"  {name:<16}{value:>10}  {unit}" for name, value, unit in rows),
  ]
  warnings = [values.get(key) for key in ("warning", "gap_warning")]
  lines += [f"  Warning: {warning}" for warning in warnings if warning]
  return "\n".join(lines)


def _error(standard_error: float | None) -> str:
  return "unknown" if standard_error is None else f"{standard_error:.2g}"
