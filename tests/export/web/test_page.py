"""The page in a real browser: Chromium without a window, driven by Playwright.

One browser and two small models for all of it: `flat` has two latents and everything,
`deep` three latents and no bound.
"""

import contextlib
import functools
import http.server
import importlib.util
import json
import os
import statistics
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
import aevb_tf.export as export
from aevb_tf.export.runtimes import chromium_program
from aevb_tf.export.web import litertjs
from tests.export.conftest import small_vae

SEEDS = (0, 42, -1, 2**31 + 5, -(2**40) - 3, 2**63 + 11)
READY = "async () => { await (await import('./js/main.js')).ready; }"


def _small_flat():
  keras.utils.set_random_seed(3)
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(2, (16,)), aevb.networks.MLPDecoder((12, 10, 1), (16,))
  )
  rng = np.random.default_rng(3)
  vae.set_weights([rng.normal(0.0, 0.5, size=w.shape) for w in vae.weights])
  return vae


@pytest.fixture(scope="module")
def packages():
  try:
    return litertjs.find()
  except litertjs.Unavailable as error:
    pytest.skip(f"LiteRT.js is not to be had: {error}")


@pytest.fixture(scope="module")
def browser():
  if importlib.util.find_spec("playwright") is None:
    pytest.skip("no browser: Playwright is not installed")
  program = chromium_program.find()
  if program is None:
    pytest.skip("no browser: Chromium is not installed")
  from playwright.sync_api import sync_playwright

  options = ["--no-sandbox"] if os.geteuid() == 0 else []
  with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=program, args=options)
    yield browser
    browser.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
  def log_message(self, *args):
    pass


@contextlib.contextmanager
def _served(folder):
  """What `python -m http.server` does in a folder."""
  handler = functools.partial(_Quiet, directory=str(folder))
  with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def flat_vae():
  return _small_flat()


@pytest.fixture(scope="module")
def flat_folder(flat_vae, packages, browser, tmp_path_factory):
  path = tmp_path_factory.mktemp("pages") / "flat"
  x = flat_vae.sample(50, seed=9)
  export.web(flat_vae, path, data=x.numpy(), name="flat", litertjs=packages)
  return path


@pytest.fixture(scope="module")
def flat(flat_folder):
  with _served(flat_folder) as url:
    yield url


@pytest.fixture(scope="module")
def deep(packages, browser, tmp_path_factory):
  path = tmp_path_factory.mktemp("pages") / "deep"
  only = ("encode", "decode", "reconstruct")
  export.web(small_vae(), path, name="deep", litertjs=packages, only=only)
  with _served(path) as url:
    yield url


@contextlib.contextmanager
def opened(browser, url, wait=True, complaints=(), **options):
  """A page of its own; at the end, the console has to be as expected."""
  context = browser.new_context(**options)
  context.set_default_timeout(20_000)
  page = context.new_page()
  told, asked = [], []
  page.on("console", lambda m: told.append(m.text) if m.type == "error" else None)
  page.on("pageerror", lambda error: told.append(str(error)))
  page.on("request", lambda request: asked.append(request.url))
  try:
    page.goto(url)
    if wait:
      page.evaluate(READY)
    yield page
    assert [text for text in told if not any(c in text for c in complaints)] == []
    foreign = [u for u in asked if not u.startswith((url.split("#")[0], "data:"))]
    assert foreign == []  # nothing leaves the folder
  finally:
    context.close()


def section(page, code):
  """What JavaScript says of the page's sections, by name."""
  return page.evaluate(
    f"async () => {{ const {{model, about, explore, draw, samples}} = "
    f"await (await import('./js/main.js')).ready; {code} }}"
  )


def pixels(page, selector):
  """The levels of a canvas, uint8 `[height, width, 3]`."""
  told = page.evaluate(
    """(selector) => {
      const canvas = document.querySelector(selector);
      const [width, height] = [canvas.width, canvas.height];
      const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
      return {width, height, data: Array.from(data)};
    }""",
    selector,
  )
  shape = (told["height"], told["width"], 4)
  return np.array(told["data"], np.uint8).reshape(shape)[..., :3]


def assert_shows(levels, image, within=1):
  """A canvas shows an image of the model."""
  expected = np.rint(255 * np.clip(np.asarray(image, np.float64), 0, 1))
  assert levels.shape[:2] == expected.shape[:2]
  assert np.abs(levels.astype(np.float64) - expected).max() <= within
  assert np.ptp(expected) > 20  # there is something to see


def draw_with_mouse(page, places):
  box = page.locator("#pad canvas").bounding_box()
  for i, (x, y) in enumerate(places):
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    if i == 0:
      page.mouse.down()
  page.mouse.up()
  section(page, "await draw.settled();")


SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.6, 0.5), (0.45, 0.85)]


# What it answers is what Python answers.


def test_samples_are_those_of_python(browser, flat, flat_vae):
  with opened(browser, flat) as page:
    for seed in SEEDS:
      page.fill("#seed", str(seed))
      page.get_by_role("button", name="Sample", exact=True).click()
      page.wait_for_function(
        "seed => document.getElementById('in-python').textContent ==="
        " `vae.sample(24, seed=${seed})`",
        arg=str(seed),
      )
      told = section(page, "return samples.z.map((z) => Array.from(z));")
      z = flat_vae.prior.sample(seed, tf.range(24)).numpy()
      np.testing.assert_allclose(told, z, rtol=0, atol=1e-6)
      images = flat_vae.sample(24, seed=seed).numpy()
      for i in (0, 23):
        assert_shows(pixels(page, f"#grid li:nth-child({i + 1}) canvas"), images[i])


def test_a_drawing_is_scored_as_in_python(browser, flat, flat_vae):
  with opened(browser, flat) as page:
    assert "Draw something" in page.inner_text("#bound")
    draw_with_mouse(page, SEVEN)
    seen = pixels(page, "#seen")
    x = seen[None, :, :, :1].astype(np.float32) / np.float32(255)
    assert 0.05 < x.mean() < 0.6
    image = flat_vae.reconstruct(x)[0].numpy()
    assert_shows(pixels(page, "#reconstructed"), image)
    q = flat_vae.encode(x)
    told = section(page, "return draw.pad && explore.drawing;")
    for name, exact in (("z", q.mean()), ("stddev", q.stddev())):
      values = [told[name][str(j)] for j in range(2)]
      np.testing.assert_allclose(values, exact[0], rtol=1e-4, atol=1e-5)
    elbo = flat_vae.elbo(x, seed=0).numpy()[0]
    kl = flat_vae.bound_parts(x, aevb.random.as_seed(0), np.arange(1), False).kl[0]
    text = page.inner_text("#bound").replace("\u2212", "-")
    assert f"{elbo:.1f} nats" in text
    assert f"{float(kl):.1f}" in text
    assert f"{elbo + float(kl):.1f}" in text
    assert "lower than all of 50 test data" in text


def test_a_place_on_the_manifold_is_decoded(browser, flat, flat_vae):
  normal = statistics.NormalDist()
  with opened(browser, flat) as page:
    box = page.locator("#plane canvas").bounding_box()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"])
    told = section(page, "await explore.show(explore.z); return Array.from(explore.z);")
    expected = [normal.inv_cdf(0.8), normal.inv_cdf(0.7)]
    # A pointer is at a whole pixel.
    np.testing.assert_allclose(told, expected, atol=0.02)
    z = np.array([told], np.float32)
    assert_shows(pixels(page, "#decoded"), flat_vae.decode(z).mean()[0])
    sheet = pixels(page, "#plane canvas")
    corner = np.array([[normal.inv_cdf(0.5 / 20), normal.inv_cdf(1 - 0.5 / 20)]])
    assert_shows(sheet[:12, :10], flat_vae.decode(corner).mean()[0])


def test_a_slider_moves_along_its_direction(browser, deep):
  vae = small_vae()
  with opened(browser, deep) as page:
    latent = section(page, "return about.latent;")
    page.locator("#direction-2").fill("1.5")
    told = section(page, "await explore.show(explore.z); return Array.from(explore.z);")
    direction = np.array(latent["directions"][1]) * latent["stddevs"][1]
    expected = np.array(latent["mean"]) + 1.5 * direction
    np.testing.assert_allclose(told, expected, atol=1e-5)
    z = np.array([told], np.float32)
    assert_shows(pixels(page, "#decoded"), vae.decode(z).mean()[0])
    end = z + 1.5 * direction.astype(np.float32)
    selector = ".slider:nth-child(2) canvas:last-child"
    assert_shows(pixels(page, selector), vae.decode(end).mean()[0])


# How it is used.


def test_a_sample_and_a_drawing_lead_into_the_latent_space(browser, flat):
  with opened(browser, flat) as page:
    page.get_by_role("button", name="Sample 5 of seed 42").click()
    there = section(page, "return [explore.z, samples.z[4]].map((z) => Array.from(z));")
    assert there[0] == there[1]
    button = page.get_by_role("button", name="From the drawing")
    assert button.is_disabled()
    draw_with_mouse(page, SEVEN)
    button.click()
    there = section(
      page, "return [explore.z, explore.drawing.z].map((z) => Array.from(z));"
    )
    assert there[0] == there[1]
    page.get_by_role("button", name="Random").click()
    page.wait_for_function("() => document.getElementById('where').textContent")
    page.get_by_role("button", name="Centre").click()
    there = section(page, "return [Array.from(explore.z), about.latent.mean];")
    np.testing.assert_allclose(*there, atol=1e-6)


def test_a_link_names_a_seed_and_a_bad_seed_is_told(browser, flat):
  with opened(browser, flat + "#seed=-7") as page:
    assert page.input_value("#seed") == "-7"
    assert page.inner_text("#in-python") == "vae.sample(24, seed=-7)"
    page.fill("#seed", "seven")
    page.press("#seed", "Enter")
    assert "A seed is a whole number" in page.inner_text("#seed-message")
    assert page.get_attribute("#seed", "aria-invalid") == "true"
    page.fill("#seed", " +8 ")
    page.press("#seed", "Enter")
    page.wait_for_function("() => location.hash === '#seed=8'")
    assert page.inner_text("#seed-message") == ""


def test_keys_do_all_that_a_pointer_does(browser, flat):
  with opened(browser, flat) as page:
    page.focus("#plane canvas")
    before = section(page, "return explore.view.point;")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    after = section(page, "return explore.view.point;")
    np.testing.assert_allclose(np.subtract(after, before), [0.025, 0.1], atol=1e-6)
    page.focus("#pad canvas")
    for key in ("Space", *["ArrowDown"] * 6, "Space", *["ArrowLeft"] * 4):
      page.keyboard.press(key)
    section(page, "await draw.settled();")
    seen = pixels(page, "#seen")
    rows, columns = np.nonzero(seen[..., 0] > 60)
    assert np.ptp(rows) > np.ptp(columns) and np.ptp(rows) >= 5  # a stroke downwards
    assert "nats" in page.inner_text("#bound")
    page.keyboard.press("Backspace")
    section(page, "await draw.settled();")
    assert pixels(page, "#seen").max() == 0
    assert "Draw something" in page.inner_text("#bound")


def test_strokes_are_undone_and_cleared(browser, flat):
  with opened(browser, flat) as page:
    draw_with_mouse(page, SEVEN)
    one = pixels(page, "#seen")
    draw_with_mouse(page, [(0.2, 0.8), (0.9, 0.9)])
    assert (pixels(page, "#seen") != one).any()
    page.get_by_role("button", name="Undo").click()
    section(page, "await draw.settled();")
    np.testing.assert_array_equal(pixels(page, "#seen"), one)
    page.get_by_role("button", name="Clear").click()
    section(page, "await draw.settled();")
    assert pixels(page, "#seen").max() == 0


def test_a_digit_is_centred_wherever_and_however_large_it_was_drawn(browser, flat):
  shown = []
  with opened(browser, flat) as page:
    for scale, offset in ((1.0, 0.0), (0.5, 0.05), (0.5, 0.4)):
      draw_with_mouse(
        page, [(scale * x + offset, scale * y + offset) for x, y in SEVEN]
      )
      shown.append(pixels(page, "#seen")[..., 0].astype(np.float64) / 255)
      page.get_by_role("button", name="Clear").click()
    page.uncheck("#fit")
    draw_with_mouse(page, [(0.1, 0.1), (0.2, 0.1)])
    plain = pixels(page, "#seen")[..., 0].astype(np.float64)
  for image in shown:
    mass = image.sum()
    rows, columns = (np.arange(n) + 0.5 for n in image.shape)
    centre = (image.sum(1) @ rows / mass, image.sum(0) @ columns / mass)
    np.testing.assert_allclose(centre, [6.0, 5.0], atol=0.35)  # the tails are cut off
  assert np.abs(shown[1] - shown[2]).mean() < 0.02  # where does not matter
  rows, columns = np.nonzero(plain > 30)
  assert rows.max() <= 3 and columns.max() <= 4  # as it was drawn, where it was


def test_a_finger_draws_and_scrolls_nothing(browser, flat):
  options = {"has_touch": True, "is_mobile": True}
  with opened(browser, flat, viewport={"width": 360, "height": 740}, **options) as page:
    pad = page.locator("#pad canvas")
    pad.scroll_into_view_if_needed()
    pad.tap()
    section(page, "await draw.settled();")
    assert pixels(page, "#seen").max() > 100
    assert pad.evaluate("pad => getComputedStyle(pad).touchAction") == "none"
    for button in page.locator("button:visible:not(.tile)").all():
      assert button.bounding_box()["height"] >= 43.9


# How it looks.


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
@pytest.mark.parametrize("name", ["flat", "deep"])
def test_nothing_is_wider_than_the_window(browser, request, name, width):
  url = request.getfixturevalue(name)
  with opened(browser, url, viewport={"width": width, "height": 740}) as page:
    draw_with_mouse(page, SEVEN)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_light_and_dark_can_both_be_read(browser, flat):
  grounds = []
  for scheme in ("light", "dark"):
    with opened(browser, flat, color_scheme=scheme) as page:
      colours = page.evaluate(
        """() => ["body", ".hint", "button", "button.first"].map((selector) => {
          const style = getComputedStyle(document.querySelector(selector));
          const body = getComputedStyle(document.body).backgroundColor;
          const clear = style.backgroundColor === "rgba(0, 0, 0, 0)";
          return [style.color, clear ? body : style.backgroundColor];
        })"""
      )
      for ink, ground in colours:
        assert _contrast(ink, ground) >= 4.5, (scheme, ink, ground)
      grounds.append(_luminance(colours[0][1]))
  assert grounds[0] > 0.8 and grounds[1] < 0.05


def _luminance(colour):
  levels = np.array([float(n) for n in colour.strip("rgb()").split(",")[:3]]) / 255
  linear = np.where(
    levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4
  )
  return linear @ [0.2126, 0.7152, 0.0722]


def _contrast(one, other):
  dark, light = sorted([_luminance(one), _luminance(other)])
  return (light + 0.05) / (dark + 0.05)


def test_everything_that_can_be_used_has_a_name(browser, flat, deep):
  for url in (flat, deep):
    with opened(browser, url) as page:
      tree = page.locator("body").aria_snapshot()
      for role in ("button", "checkbox", "slider", "textbox", "application"):
        for line in tree.splitlines():
          if line.strip().startswith(f"- {role}"):
            assert f'{role} "' in line, line


# What goes wrong is told.


def test_what_is_not_in_the_file_is_told(browser, deep):
  with opened(browser, deep) as page:
    assert "without sample: it was not exported" in page.inner_text("#samples")
    draw_with_mouse(page, SEVEN)
    assert "bound is not in this file: it was not exported" in page.inner_text("#bound")


@pytest.mark.parametrize(
  ("pattern", "status", "body", "message"),
  [
    ("**/*.wasm", 404, "", "cannot be loaded: the server says 404"),
    ("**/*.wasm", 200, "cut off", "is damaged or cut off; export the page again"),
    ("**/model.json", 200, "{", "model.json is damaged or cut off"),
    ("**/model.json", 200, json.dumps({"format_version": 9}), "of another version"),
  ],
)
def test_what_cannot_be_loaded_is_told(browser, flat, pattern, status, body, message):
  context = browser.new_context()
  page = context.new_page()
  page.route(pattern, lambda route: route.fulfill(status=status, body=body))
  page.goto(flat)
  failure = page.locator("#failure")
  failure.wait_for()
  assert message in failure.inner_text()
  assert page.locator("#page").is_hidden() and page.locator("#loading").is_hidden()
  context.close()


def test_a_damaged_model_is_told(browser, flat, flat_folder):
  content = bytearray((flat_folder / "model.tflite").read_bytes())
  content[:64] = bytes(64)
  context = browser.new_context()
  page = context.new_page()
  page.route("**/*.tflite", lambda route: route.fulfill(body=bytes(content)))
  page.goto(flat)
  page.locator("#failure").wait_for()
  assert "LiteRT.js cannot run the model here" in page.inner_text("#failure")
  context.close()


def test_a_browser_without_webassembly_is_told(browser, flat):
  context = browser.new_context()
  context.add_init_script("delete window.WebAssembly;")
  page = context.new_page()
  page.goto(flat)
  page.locator("#failure").wait_for()
  assert "has no WebAssembly" in page.inner_text("#failure")
  context.close()


def test_a_page_opened_as_a_file_says_how_to_serve_it(browser, flat_folder):
  page = browser.new_page()
  page.goto((flat_folder / "index.html").as_uri())
  page.locator("#failure").wait_for()
  assert "python -m http.server" in page.inner_text("#failure")
  page.close()


# The parts that can be wrong by themselves.


def test_seeds_are_split_into_words_as_in_python(browser, flat):
  with opened(browser, flat) as page:
    told = page.evaluate(
      """async (seeds) => {
        const {parseSeed, wordsOf} = await import("./js/seeds.js");
        return seeds.map((seed) => Array.from(wordsOf(parseSeed(seed))));
      }""",
      [str(seed) for seed in (*SEEDS, 2**70 + 1, -(2**31))],
    )
    exact = [aevb.random.as_seed(s).numpy() for s in (*SEEDS, 2**70 + 1, -(2**31))]
    np.testing.assert_array_equal(told, exact)
    refused = page.evaluate(
      """async (texts) => {
        const {parseSeed} = await import("./js/seeds.js");
        return texts.map(parseSeed);
      }""",
      ["", "1.5", "1e3", "0x1", "--1", "one"],
    )
    assert refused == [None] * 6


def test_phi_and_its_inverse_are_right(browser, flat):
  normal = statistics.NormalDist()
  p = [1e-6, 1e-3, 0.02, 0.0243, 0.3, 0.5, 0.7, 0.99, 0.9999]
  with opened(browser, flat) as page:
    inverse, back = page.evaluate(
      """async (p) => {
        const {cdf, inverseCdf} = await import("./js/normal.js");
        const z = p.map(inverseCdf);
        return [z, z.map(cdf)];
      }""",
      p,
    )
  np.testing.assert_allclose(inverse, [normal.inv_cdf(q) for q in p], atol=2e-8)
  np.testing.assert_allclose(back, p, rtol=1e-9)
