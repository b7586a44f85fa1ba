"""Whether a server answers as the SavedModel that it serves.

Every recorded request is sent over each protocol, and the answer compared with the
recorded one; then requests that have to be refused. Nothing is computed here: what is
right was written down when the version was published.
"""

import os
import pathlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from aevb_tf.export.client import Client, ClientError, Unavailable, images
from aevb_tf.export.serving import labels, models_config, warmup

# Other kernels, other threads, sums in another order; and numbers printed in JSON.
RELATIVE = ABSOLUTE = 1e-4
LEVEL = 1.01 / 255  # of a PNG file's pixels: a number near its middle may go either way


class Line(NamedTuple):
  """What came of one request: over what, to what, and what differed, None if nothing."""

  protocol: str
  what: str
  largest: float
  wrong: str | None

  def __str__(self) -> str:
    told = self.wrong or f"ok, largest difference {self.largest:.1e}"
    return f"{self.protocol:<6}{self.what:<28}{told}"


def version_of(
  base: str | os.PathLike,
  name: str,
  version: int | None = None,
  label: str | None = None,
) -> int:
  """The version that a request for a version, for a label or for neither gets.

  Raises:
    ValueError: There is none.
  """
  if version is None and label is not None:
    entry = models_config.model(models_config.read(base), name)
    known = {} if entry is None else dict(entry.version_labels)
    if label not in known:
      raise ValueError(f"{name} has no label {label!r}; there are {sorted(known)}.")
    version = known[label]
  there = labels.versions(base, name)
  if not there or version not in (None, *there):
    raise ValueError(f"{base} has no version {version or ''} of {name}.")
  return max(there) if version is None else version


def check(folder: str | os.PathLike, clients: Mapping[str, Client]) -> list[Line]:
  """Checks a server.

  Args:
    folder: The version's folder, BASE/NAME/VERSION.
    clients: Protocol to a client of the server.

  Returns:
    A line for each request and protocol.

  Raises:
    FileNotFoundError: The folder has no recorded requests.
  """
  logs = warmup.read(pathlib.Path(folder))
  return [
    line
    for protocol, client in clients.items()
    for line in [
      *(_answered(protocol, client, log) for log in logs),
      *_refusals(
        protocol, client, {log.request.model_spec.signature_name for log in logs}
      ),
    ]
  ]


def _answered(protocol, client, log):
  signature = log.request.model_spec.signature_name
  inputs = warmup.arrays(log.request.inputs)
  (rows,) = (
    value if name == "num" else len(value)
    for name, value in inputs.items()
    if name != "seed"
  )
  what = f"{signature}, {int(rows)} rows"
  try:
    told = client.call(signature, **inputs)
  except ClientError as error:
    return Line(protocol, what, np.nan, f"{type(error).__name__}: {error}")
  return Line(protocol, what, *_compare(told, warmup.arrays(log.response.outputs)))


def _compare(told, right):
  """The largest difference, and what is wrong, None if nothing is."""
  if set(told) != set(right):
    return np.nan, f"outputs {sorted(told)} in place of {sorted(right)}"
  largest = 0.0
  for name, value in right.items():
    if value.dtype == object:  # PNG files, which may be packed otherwise
      try:
        told[name], value = images.decode(told[name]), images.decode(value)
      except ValueError as error:
        return np.nan, f"{name}: {error}"
    if told[name].shape != value.shape:
      return np.nan, f"{name} has shape {told[name].shape} in place of {value.shape}"
    absolute = LEVEL if name == "png_bytes" else ABSOLUTE
    close = np.isclose(told[name], value, RELATIVE, absolute, equal_nan=True)
    difference = np.nan_to_num(np.abs(told[name] - value))
    largest = max(largest, float(difference.max(initial=0.0)))
    if not close.all():
      return largest, f"{name} differs by {largest:.3g}"
  return largest, None


def _refusals(protocol, client, signatures):
  requests = {"an unknown signature": ("no_such_signature", {"x": [[0.0]]})}
  if "sample" in signatures:
    requests["sample of none"] = ("sample", {"num": 0, "seed": 0})
  for what, (signature, inputs) in requests.items():
    wrong = "was answered, and has to be refused"
    try:
      client.call(signature, **inputs)
    except Unavailable as error:
      wrong = f"{type(error).__name__}: {error}"
    except ClientError:
      wrong = None
    yield Line(protocol, what, 0.0, wrong)
