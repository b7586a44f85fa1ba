"""TensorFlow Serving's REST API, which is also KServe's first protocol.

    POST URL/v1/models/NAME[/versions/N|/labels/L]:predict
    {"signature_name": "encode", "instances": [{"x": [...]}, ...]}
      -> {"predictions": [{"mean": [...], "stddev": [...]}, ...]}
    {"signature_name": "elbo", "inputs": {"x": [...], "seed": [0, 7]}}
      -> {"outputs": {"elbo": [...], "kl": [...], "log_likelihood": [...]}}

The first form, a row for each example, is for inputs that all have a batch of the same
size; the second is for all others. A single output has no name. Files are
`{"b64": ...}`, both ways.
"""

import base64
import http.client
import json
import urllib.error
import urllib.request
from typing import Any

import numpy as np

from aevb_tf.export.client import base

_ROWS = {"x", "z", "png_bytes", "condition"}  # inputs with a batch
_SINGLE_OUTPUTS = {  # by signature; x_mean of all others
  "classify": "probs",
  "log_marginal": "log_marginal",
  "reconstruct_png": "png_bytes",
  "sample_png": "png_bytes",
}
_ERRORS = {
  400: base.InvalidRequest,
  404: base.NotFound,
  408: base.DeadlineExceeded,
  429: base.Unavailable,
  503: base.Unavailable,
  504: base.DeadlineExceeded,
}


class RestClient(base.Client):
  """Calls a model over HTTP, in JSON.

  Args:
    url: The server, `http://HOST:PORT`.
    name: The model.
    **options: The other arguments of `Client`.
  """

  def __init__(self, url: str, name: str, **options: Any):
    super().__init__(name, **options)
    self.url = url.rstrip("/")
    if not self.url.startswith(("http://", "https://")):
      raise ValueError(f"{url!r} must begin with http:// or https://.")

  def _ask(self, signature, inputs, seconds):
    request = urllib.request.Request(
      f"{self.url}{path(self.name, self.version, self.label)}:predict",
      data=json.dumps(body(signature, inputs)).encode(),
      headers={"Content-Type": "application/json"},
    )
    try:
      with urllib.request.urlopen(request, timeout=seconds) as response:
        content = response.read()
    except urllib.error.HTTPError as error:
      with error:
        raise _ERRORS.get(error.code, base.ServerFailed)(_message(error)) from None
    except TimeoutError as error:
      raise base.DeadlineExceeded(f"no answer in {seconds:.3g} s") from error
    except (OSError, http.client.HTTPException) as error:
      reason = getattr(error, "reason", error)
      if isinstance(reason, TimeoutError):
        raise base.DeadlineExceeded(f"no answer in {seconds:.3g} s") from error
      raise base.Unavailable(f"{self.url}: {reason}") from error
    try:
      return outputs(signature, json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
      raise base.ServerFailed(f"Not an answer: {content[:200]!r}") from error


def path(name: str, version: int | None = None, label: str | None = None) -> str:
  """The path of a model, of one of its versions, or of a label."""
  which = "" if version is None else f"/versions/{version}"
  return f"/v1/models/{name}{which}" + (f"/labels/{label}" if label else "")


def body(signature: str, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
  """A request, as JSON can represent it."""
  if set(inputs) <= _ROWS and len({len(value) for value in inputs.values()}) == 1:
    columns = {name: _json(value) for name, value in inputs.items()}
    rows = zip(*columns.values(), strict=True)
    return {
      "signature_name": signature,
      "instances": [dict(zip(columns, row, strict=True)) for row in rows],
    }
  return {
    "signature_name": signature,
    "inputs": {name: _json(value) for name, value in inputs.items()},
  }


def outputs(signature: str, answer: dict[str, Any]) -> dict[str, np.ndarray]:
  """The outputs of an answer, by name: float32, or files as bytes."""
  if "predictions" in answer:
    rows = answer["predictions"]
    if isinstance(rows[0], dict) and set(rows[0]) != {"b64"}:
      answer = {name: [row[name] for row in rows] for name in rows[0]}
    else:
      answer = rows
  else:
    answer = answer["outputs"]
  if not isinstance(answer, dict):
    answer = {_SINGLE_OUTPUTS.get(signature, "x_mean"): answer}
  return {name: _array(name, value) for name, value in answer.items()}


def _json(value):
  if value.dtype != object:
    return value.tolist()
  return [{"b64": base64.b64encode(content).decode()} for content in value]


def _array(name, value):
  if name.endswith("_bytes"):
    return np.array([base64.b64decode(file["b64"]) for file in value], object)
  # JSON has no NaN: null may stand for it.
  return np.asarray(value, np.float32)


def _message(error: urllib.error.HTTPError) -> str:
  """The server's message: JSON with an `error`, or the beginning of what it sent."""
  content = error.read()
  try:
    return str(json.loads(content)["error"])
  except (ValueError, KeyError, TypeError):
    return f"{error.code} {error.reason}: {content[:200].decode(errors='replace')}"
