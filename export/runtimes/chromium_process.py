"""Runs calls in a browser, Chromium, with the code of the exported page itself.

A script: it imports nothing of TensorFlow or this package. It serves the folder of the
page on the loopback and starts Chromium without a window on a page of its own there,
which fetches one call after another, asks the model as the page does, and posts what
came out.
"""

import functools
import http.server
import json
import os
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
import time

import call_file
import numpy as np
from chromium_program import find

_SECONDS_TO_START, _SECONDS = 60, 120
_PAGE = """<!doctype html>
<meta charset="utf-8">
<script type="importmap">{"imports": {
  "@litertjs/core": "./litertjs/core/index.js",
  "@litertjs/wasm-utils": "./litertjs/wasm-utils/index.js"
}}</script>
<body></body>
<script type="module">
const post = (told) => fetch("told", {method: "POST", body: JSON.stringify(told)});
addEventListener("error", (event) => post({error: event.message}));
addEventListener("unhandledrejection", (event) => post({error: String(event.reason)}));
const {openModel} = await import("./js/model.js");
const about = await (await fetch("model.json")).json();
const model = await openModel(about, () => {});
const kinds = {float32: Float32Array, int32: Int32Array};
for (;;) {
  const call = await (await fetch("asked")).json();
  if (!call) break;
  const inputs = Object.fromEntries(Object.entries(call.inputs).map(
    ([name, [kind, values]]) => [name, kinds[kind].from(values)]));
  const outputs = await model.run(call.signature, inputs);
  await post({outputs: Object.fromEntries(Object.entries(outputs).map(
    ([name, values]) => [name, Array.from(values, String)]))});
}
</script>
"""


class _Handler(http.server.SimpleHTTPRequestHandler):
  """The folder of the page, and a page that asks and tells."""

  def __init__(self, *args, started, asked, told, **kwargs):
    self._started, self._asked, self._told = started, asked, told
    super().__init__(*args, **kwargs)

  def do_GET(self):
    if self.path == "/verification":
      self._started.set()
      self._answer(_PAGE.encode(), "text/html")
    elif self.path == "/asked":
      self._answer(json.dumps(self._asked.get()).encode(), "application/json")
    else:
      super().do_GET()

  def do_POST(self):
    body = self.rfile.read(int(self.headers["Content-Length"]))
    self._told.put(json.loads(body))
    self._answer(b"{}", "application/json")

  def _answer(self, content, kind):
    self.send_response(200)
    self.send_header("Content-Type", kind)
    self.send_header("Content-Length", str(len(content)))
    self.end_headers()
    self.wfile.write(content)

  def log_message(self, *args):
    """Says nothing."""


def _wait(started, browser):
  """Whether the page was asked for, before the browser ended or the time was up."""
  end = time.monotonic() + _SECONDS_TO_START
  while time.monotonic() < end and browser.poll() is None:
    if started.wait(0.2):
      return True
  return False


def main(artifact: str, *arguments: str) -> None:
  """Opens a page's model and answers a file of calls; see `call_file.answer`."""
  model = pathlib.Path(artifact)
  about = json.loads((model.parent / "model.json").read_text(encoding="utf-8"))
  started, asked, told = threading.Event(), queue.Queue(), queue.Queue()
  handler = functools.partial(
    _Handler, directory=str(model.parent), started=started, asked=asked, told=told
  )
  server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
  threading.Thread(target=server.serve_forever, daemon=True).start()

  def run(signature, inputs):
    flat = {n: (v.dtype.name, v.ravel().tolist()) for n, v in inputs.items()}
    asked.put({"signature": signature, "inputs": flat})
    try:
      answer = told.get(timeout=_SECONDS)
    except queue.Empty:
      sys.exit(f"Chromium did not answer in {_SECONDS} s")
    if "error" in answer:
      sys.exit(answer["error"])
    shapes = about["signatures"][signature]
    return {
      name: np.array(values, np.float64).astype(np.float32).reshape(shapes[name])
      for name, values in answer["outputs"].items()
    }

  with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
    command = [
      find(),
      "--headless=new",
      "--disable-gpu",
      "--no-first-run",
      f"--user-data-dir={profile}",
      # Its sandbox refuses to run for root, as which containers run everything.
      *(["--no-sandbox"] if os.geteuid() == 0 else []),
      f"http://127.0.0.1:{server.server_port}/verification",
    ]
    browser = subprocess.Popen(
      command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
      if not _wait(started, browser):
        print(f"{command[0]} does not start", file=sys.stderr)
        sys.exit(os.EX_UNAVAILABLE)
      call_file.answer(run, *arguments, foreign={"tensorflow", "keras", "aevb_tf"})
    finally:
      browser.terminate()
      browser.wait()


if __name__ == "__main__":
  main(*sys.argv[1:])
