"""An evaluation, as lines to read."""


def lines(values: dict, split: str = "test") -> str:
  """Returns the numbers of an evaluation, one a line, with their units.

  Args:
    values: As `Measurements.report` gives them.
    split: What they were measured on.
  """
  rows = [
    (key.replace("_", "-"), f"{values[key]:.2f}", "nats per datum")
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


# Below so many samples that count, an estimate is not to be trusted.
_FEW = 10


def evidence_lines(values: dict) -> str:
  """Returns an estimate of log p(x), and the signs of how good it is.

  Args:
    values: As `measure_evidence` gives them.
  """
  samples = values["num_samples"]
  rows = [
    (
      "log p(x)",
      f"{values['log_marginal']:.2f}",
      f"nats per datum, {_error(values.get('standard_error'))}; {values['method']}",
    ),
    (
      "effective",
      f"{values['effective_sample_size']:.1f}",
      f"of {samples:,} samples; at least {values['smallest_effective_sample_size']:.1f}",
    ),
  ]
  if "acceptance" in values:
    rows.append(("acceptance", f"{values['acceptance']:.2f}", "of the HMC transitions"))
  if "gap" in values:
    error = _error(values.get("gap_standard_error"))
    rows.append(
      ("gap", f"{values['gap']:.2f}", f"nats, {error}: the bounds on simulated data")
    )
  lines = [
    f"  evidence of {values['num_examples']:,} examples",
    *(f"  {name:<16}{value:>10}  {unit}" for name, value, unit in rows),
  ]
  if values["effective_sample_size"] < min(_FEW, samples / 2):
    lines.append(
      "  Few samples carry the estimate: take more of them, or another method."
    )
  return "\n".join(lines)


def _error(standard_error: float | None) -> str:
  return "one datum" if standard_error is None else f"+- {standard_error:.2f}"
