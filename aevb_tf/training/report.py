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
