"""A page in a browser: what tests do with it, and what they read from it."""

import contextlib
import functools
import http.server
import threading

import numpy as np

VIEWPORT = {"width": 1280, "height": 1600}
_READY = "async () => { await (await import('./js/main.js')).ready; }"

IN_SIGHT = """(selector) => {
  const box = document.querySelector(selector).getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight;
}"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
  def log_message(self, *args):
    pass


@contextlib.contextmanager
def served(folder):
  """What `python -m http.server` does in a folder."""
  handler = functools.partial(_Quiet, directory=str(folder))
  with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


class Window:
  """A page, and its console messages and requests since the last check."""

  def __init__(self, browser, url, **options):
    self.context = browser.new_context(**{"viewport": VIEWPORT, **options})
    self.context.set_default_timeout(20_000)
    self.page, self.url = self.context.new_page(), url
    self.complaints, self.requested = [], []
    self.page.on("console", self._listen)
    self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
    self.page.on("request", lambda request: self.requested.append(request.url))
    self.page.goto(url)
    self.page.evaluate(_READY)

  def _listen(self, message):
    # What these tests read from a canvas, the page would not.
    if message.type in ("error", "warning") and "readback" not in message.text:
      self.complaints.append(message.text)

  def check(self):
    """The console is clean, and there were no requests outside the folder."""
    complaints, self.complaints[:] = [*self.complaints], []
    assert complaints == []
    requested, self.requested[:] = [*self.requested], []
    assert [url for url in requested if not url.startswith(self.url)] == []


def section(page, code):
  """What JavaScript says of the page's sections, by name."""
  return page.evaluate(
    f"async () => {{ const {{model, about, explore, draw, samples}} = "
    f"await (await import('./js/main.js')).ready; {code} }}"
  )


def pixels(page, selector, most=100):
  """The levels of a canvas, uint8 `[height, width, 3]`, at most so many either way."""
  result = page.evaluate(
    """([selector, most]) => {
      const canvas = document.querySelector(selector);
      const [width, height] = [canvas.width, canvas.height].map((n) => Math.min(n, most));
      const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
      return {width, height, data: Array.from(data)};
    }""",
    [selector, most],
  )
  shape = (result["height"], result["width"], 4)
  return np.array(result["data"], np.uint8).reshape(shape)[..., :3]


def assert_shows(levels, image, within=1):
  """A canvas shows an image of the model."""
  expected = np.rint(255 * np.clip(np.asarray(image, np.float64), 0, 1))
  assert levels.shape[:2] == expected.shape[:2]
  assert np.abs(levels.astype(np.float64) - expected).max() <= within
  assert np.ptp(expected) > 20  # there is something to see


def draw_with_mouse(page, places):
  """Draws one stroke on the pad; places are shares of its width and height."""
  box = page.locator("#pad canvas").bounding_box()
  for i, (x, y) in enumerate(places):
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    if i == 0:
      page.mouse.down()
  page.mouse.up()
  section(page, "await draw.settled();")


def luminance(colour):
  """Relative luminance of `rgb(...)`, as WCAG 2 defines it, 0 to 1."""
  levels = np.array([float(n) for n in colour.strip("rgb()").split(",")[:3]]) / 255
  linear = np.where(
    levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4
  )
  return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
  """Contrast ratio of two colours, 1 to 21."""
  dark, light = sorted([luminance(one), luminance(other)])
  return (light + 0.05) / (dark + 0.05)
