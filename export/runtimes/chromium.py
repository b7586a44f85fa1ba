"""Runs calls in a browser, Chromium, with the code of the exported page itself.

It serves the folder of the page on the loopback and starts Chromium without a window on
a page of its own there, which fetches one call after another, runs the model as the
exported page does, and posts the outputs.

The script `process.py` imports it as the module beside it, so it imports nothing of
TensorFlow or this package.
"""

import contextlib
import functools
import http.server
import json
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

_PROGRAMS = (
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "chrome",
)
_SECONDS_TO_START, _SECONDS = 60, 120
_PAGE = """<!doctype html>
<meta charset="utf-8">
<script type="importmap">{"imports": {
  "@litertjs/core": "./litertjs/core/index.js",
  "@litertjs/wasm-utils": "./litertjs/wasm-utils/index.js"
}}</script>
<body></body>
<script type="module">
const post = (answer) => fetch("answer", {method: "POST", body: JSON.stringify(answer)});
addEventListener("error", (event) => post({error: event.message}));
addEventListener("unhandledrejection", (event) => post({error: String(event.reason)}));
const {openModel} = await import("./js/model.js");
const about = await (await fetch("model.json")).json();
const model = await openModel(about, () => {});
const kinds = {float32: Float32Array, int32: Int32Array};
for (;;) {
  const call = await (await fetch("call")).json();
  if (!call) break;
  const inputs = Object.fromEntries(Object.entries(call.inputs).map(
    ([name, [kind, values]]) => [name, kinds[kind].from(values)]));
  const outputs = await model.run(call.signature, inputs);
  await post({outputs: Object.fromEntries(Object.entries(outputs).map(
    ([name, values]) => [name, Array.from(values, String)]))});
}
</script>
"""


def find() -> str | None:
  """The path of Chromium or Chrome: `CHROME_PATH`, or what is installed; or None."""
  path = os.environ.get("CHROME_PATH")
  return path or next(filter(None, map(shutil.which, _PROGRAMS)), None)


class _Handler(http.server.SimpleHTTPRequestHandler):
  """Serves the folder of the page, and a page that fetches calls and posts answers."""

  def __init__(self, *args, started, calls, answers, **kwargs):
    self._started, self._calls, self._answers = started, calls, answers
    super().__init__(*args, **kwargs)

  def do_GET(self):
    if self.path == "/verification":
      self._started.set()
      self._respond(_PAGE.encode(), "text/html")
    elif self.path == "/call":
      self._respond(json.dumps(self._calls.get()).encode(), "application/json")
    else:
      super().do_GET()

  def do_POST(self):
    body = self.rfile.read(int(self.headers["Content-Length"]))
    self._answers.put(json.loads(body))
    self._respond(b"{}", "application/json")

  def _respond(self, content, kind):
    self.send_response(200)
    self.send_header("Content-Type", kind)
    self.send_header("Content-Length", str(len(content)))
    self.end_headers()
    self.wfile.write(content)

  def log_message(self, *args):
    """Prints nothing."""


class _Server(http.server.ThreadingHTTPServer):
  """Ignores connections that the browser closed, as it does when it is stopped.

  The base class prints them to standard error, into what the process says there.
  """

  def handle_error(self, request, client_address):
    if not isinstance(sys.exception(), ConnectionError):
      super().handle_error(request, client_address)


@contextlib.contextmanager
def open_page(
  artifact: str,
) -> Iterator[Callable[[str, dict[str, np.ndarray]], dict[str, np.ndarray]]]:
  """Opens a page's model in the browser; ends the process if that fails.

  Args:
    artifact: The `.tflite` file in the folder of the page.

  Yields:
    Signature and inputs -> outputs.
  """
  model = pathlib.Path(artifact)
  about = json.loads((model.parent / "model.json").read_text(encoding="utf-8"))
  started = threading.Event()
  calls: queue.Queue[dict[str, Any]] = queue.Queue()
  answers: queue.Queue[dict[str, Any]] = queue.Queue()
  handler = functools.partial(
    _Handler, directory=str(model.parent), started=started, calls=calls, answers=answers
  )
  server = _Server(("127.0.0.1", 0), handler)
  threading.Thread(target=server.serve_forever, daemon=True).start()

  def run(signature, inputs):
    flat = {n: (v.dtype.name, v.ravel().tolist()) for n, v in inputs.items()}
    calls.put({"signature": signature, "inputs": flat})
    try:
      answer = answers.get(timeout=_SECONDS)
    except queue.Empty:
      sys.exit(f"Chromium did not answer in {_SECONDS} s")
    if "error" in answer:
      sys.exit(answer["error"])
    shapes = about["signatures"][signature]
    return {
      name: np.array(values, np.float64).astype(np.float32).reshape(shapes[name])
      for name, values in answer["outputs"].items()
    }

  with _browser(f"http://127.0.0.1:{server.server_port}/verification", started):
    yield run


@contextlib.contextmanager
def _browser(url, started):
  with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
    command = [
      find(),
      "--headless=new",
      "--disable-gpu",
      "--no-first-run",
      f"--user-data-dir={profile}",
      # Its sandbox does not run as root, as which containers run everything.
      *(["--no-sandbox"] if os.geteuid() == 0 else []),
      url,
    ]
    browser = subprocess.Popen(
      command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
      if not _has_started(started, browser):
        print(f"{command[0]} does not start", file=sys.stderr)
        sys.exit(os.EX_UNAVAILABLE)
      yield
    finally:
      browser.terminate()
      browser.wait()


def _has_started(started, browser):
  """Whether the page was requested before the browser ended or the time was up."""
  end = time.monotonic() + _SECONDS_TO_START
  while time.monotonic() < end and browser.poll() is None:
    if started.wait(0.2):
      return True
  return False
