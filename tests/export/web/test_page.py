"""The page in a real browser: Chromium without a window, driven by Playwright.

One browser and two small models for all of it: `flat` has two latents and everything,
`deep` three latents and no bound.
"""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import statistics

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
import aevb_tf.export as export
from aevb_tf.export import runtimes
from aevb_tf.export.runtimes import chromium
from aevb_tf.export.web import litertjs
from tests.export.conftest import small_vae
from tests.export.web.window import (
  IN_SIGHT,
  VIEWPORT,
  Window,
  assert_shows,
  contrast,
  draw_with_mouse,
  luminance,
  pixels,
  section,
  served,
)

SEEDS = (0, 42, -1, 2**31 + 5, -(2**40) - 3, 2**63 + 11)


def _small_flat(**options):
  keras.utils.set_random_seed(3)
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(2, (16,)),
    aevb.networks.MLPDecoder((12, 10, 1), (16,)),
    **options,
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
  program = chromium.find()
  if program is None:
    pytest.skip("no browser: Chromium is not installed")
  from playwright.sync_api import sync_playwright

  options = ["--no-sandbox"] if os.geteuid() == 0 else []
  with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=program, args=options)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def flat_vae():
  return _small_flat()


@pytest.fixture(scope="module")
def flat_detector(flat_vae):
  normal = flat_vae.sample(60, seed=10).numpy()
  detector = aevb.tasks.AnomalyDetector(flat_vae, "elbo", seed=2**62 + 1)
  return detector.fit_threshold(normal, 0.05)


@pytest.fixture(scope="module")
def flat_folder(flat_vae, flat_detector, packages, browser, tmp_path_factory):
  path = tmp_path_factory.mktemp("pages") / "flat"
  x = flat_vae.sample(50, seed=9)
  export.web(flat_detector, path, data=x.numpy(), name="flat", litertjs=packages)
  return path


@pytest.fixture(scope="module")
def flat(flat_folder):
  with served(flat_folder) as url:
    yield url


@pytest.fixture(scope="module")
def deep(packages, browser, tmp_path_factory):
  path = tmp_path_factory.mktemp("pages") / "deep"
  only = ("encode", "decode", "reconstruct")
  export.web(small_vae(), path, name="deep", litertjs=packages, only=only)
  with served(path) as url:
    yield url


@pytest.fixture(scope="module")
def flat_window(browser, flat):
  window = Window(browser, flat, has_touch=True)
  yield window
  window.context.close()


@pytest.fixture(scope="module")
def deep_window(browser, deep):
  window = Window(browser, deep)
  yield window
  window.context.close()


def _cleared(window):
  page = window.page
  page.set_viewport_size(VIEWPORT)
  page.get_by_role("button", name="Clear").click()
  page.check("#fit")
  section(page, "await draw.settled();")
  yield page
  window.check()


@pytest.fixture
def on_flat(flat_window):
  """The page of two latents, with an empty pad; its console is looked at in the end."""
  yield from _cleared(flat_window)


@pytest.fixture
def on_deep(deep_window):
  """The page of three latents, likewise."""
  yield from _cleared(deep_window)


SCHEMA = aevb.tables.Schema(
  [
    {"name": "age", "kind": "real", "location": 50.0, "scale": 20.0},
    {"name": "sex", "kind": "binary", "levels": ["female", "male"], "type": "text"},
    {"name": "visits", "kind": "count", "scale": 3.0, "type": "int"},
  ]
)
CONDITIONS = {"classes": ["cat", "dog", "eel"], "vector": (2,), "columns": SCHEMA}


@pytest.fixture(scope="module", params=CONDITIONS)
def conditional(request, packages, browser, tmp_path_factory):
  """The kind of a condition, a model with it, and its page in a window."""
  condition = CONDITIONS[request.param]
  vae = _small_flat(condition=condition, prior="conditional")
  path = tmp_path_factory.mktemp("pages") / request.param
  c = vae.condition.examples(30)
  if request.param == "classes":
    c = np.array(condition)[c]
  x = vae.sample(30, seed=9, condition=c).numpy()
  export.web(vae, path, data=[(x, c)], name="conditional", litertjs=packages)
  with served(path) as url:
    window = Window(browser, url)
    yield request.param, vae, window.page
    window.check()
    window.context.close()


SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.6, 0.5), (0.45, 0.85)]


# What it answers is what Python answers.


def test_samples_are_those_of_python(on_flat, flat_vae):
  for seed in SEEDS:
    on_flat.fill("#seed", str(seed))
    on_flat.get_by_role("button", name="Sample", exact=True).click()
    on_flat.wait_for_function(
      "seed => document.getElementById('in-python').textContent ==="
      " `vae.sample(24, seed=${seed})`",
      arg=str(seed),
    )
    result = section(on_flat, "return samples.z.map((z) => Array.from(z));")
    z = flat_vae.prior.sample(seed, tf.range(24)).numpy()
    np.testing.assert_allclose(result, z, rtol=0, atol=1e-6)
    images = flat_vae.sample(24, seed=seed).numpy()
    for i in (0, 23):
      assert_shows(pixels(on_flat, f"#grid li:nth-child({i + 1}) canvas"), images[i])


def test_a_drawing_is_scored_as_in_python(on_flat, flat_vae):
  assert "Draw something" in on_flat.inner_text("#bound")
  draw_with_mouse(on_flat, SEVEN)
  seen = pixels(on_flat, "#seen")
  x = seen[None, :, :, :1].astype(np.float32) / np.float32(255)
  assert 0.05 < x.mean() < 0.6
  image = flat_vae.reconstruct(x)[0].numpy()
  assert_shows(pixels(on_flat, "#reconstructed"), image)
  q = flat_vae.encode(x)
  result = section(on_flat, "return explore.drawing;")
  for name, exact in (("z", q.mean()), ("stddev", q.stddev())):
    np.testing.assert_allclose(result[name], exact[0], rtol=1e-4, atol=1e-5)
  elbo = float(flat_vae.elbo(x, seed=0)[0])
  seed = aevb.random.as_seed(0)
  kl = float(flat_vae.bound_parts(x, seed, np.arange(1), training=False).kl[0])
  shown = re.findall(r"-?\d+\.\d", on_flat.inner_text("#bound").replace("\u2212", "-"))
  # One more than a decimal that is rounded either way.
  np.testing.assert_allclose(
    [float(n) for n in shown], [elbo, elbo + kl, kl], atol=0.06
  )


def test_a_drawing_is_judged_as_in_python(on_flat, flat_detector):
  assert "whether it is an anomaly" in on_flat.inner_text("#anomaly")
  draw_with_mouse(on_flat, SEVEN)
  x = pixels(on_flat, "#seen")[None, :, :, :1].astype(np.float32) / np.float32(255)
  (score,), (p,) = flat_detector.scores(x), flat_detector.p_values(x)
  (is_anomaly,) = flat_detector.predict(x)
  text = on_flat.inner_text("#anomaly")
  assert text.startswith("an anomaly" if is_anomaly else "normal")
  assert f"p-value {p:.3f}" in text
  assert "At most 5% of normal examples are called anomalies." in text
  shown = float(re.search(r"score: elbo\s+(\d+\.\d{3})", text)[1])
  np.testing.assert_allclose(shown, score, rtol=1e-4)


def test_without_a_detector_there_is_no_verdict(on_deep):
  assert on_deep.locator("#anomaly").is_hidden()


def test_a_bound_is_compared_with_those_of_the_data(on_flat, flat_folder):
  spread = json.loads((flat_folder / "model.json").read_text())["bounds"]
  nats = dict(zip(spread["percents"], spread["nats"], strict=True))
  below, between, above = nats[0] - 1, (nats[25] + nats[50]) / 2, nats[100] + 1
  result = on_flat.evaluate(
    """async ([spread, bounds]) => {
      const {BoundView} = await import("./js/bound.js");
      return bounds.map((elbo) => {
        const host = document.createElement("div");
        const view = new BoundView(host, spread);
        view.show({elbo, kl: 1, logLikelihood: elbo + 1, seed: 0n});
        return [host.textContent, host.querySelector(".mark").style.left];
      });
    }""",
    [spread, [below, between, above]],
  )
  assert "lower than all of 50 test examples" in result[0][0]
  assert re.search(r"higher than 3[78]% of 50 test examples", result[1][0])
  assert "higher than all of 50 test examples" in result[2][0]
  assert (result[0][1], result[2][1]) == ("0%", "100%")


def test_a_place_on_the_manifold_is_decoded(on_flat, flat_vae):
  normal = statistics.NormalDist()
  box = on_flat.locator("#plane canvas").bounding_box()
  x, y = box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"]
  on_flat.mouse.move(round(x), round(y))
  result = section(
    on_flat, "await explore.show(explore.z); return Array.from(explore.z);"
  )
  u, v = ((round(x) - box["x"]) / box["width"], (round(y) - box["y"]) / box["height"])
  expected = [normal.inv_cdf(u), normal.inv_cdf(1 - v)]
  np.testing.assert_allclose(result, expected, atol=1e-4)
  z = np.array([result], np.float32)
  assert_shows(pixels(on_flat, "#decoded"), flat_vae.decode(z).mean()[0])
  sheet = pixels(on_flat, "#plane canvas")
  corner = np.array([[normal.inv_cdf(0.5 / 20), normal.inv_cdf(1 - 0.5 / 20)]])
  assert_shows(sheet[:12, :10], flat_vae.decode(corner).mean()[0])


def test_a_slider_moves_along_its_direction(on_deep):
  vae = small_vae()
  latent = section(on_deep, "return about.latent;")
  on_deep.locator("#direction-2").fill("1.5")
  result = section(
    on_deep, "await explore.show(explore.z); return Array.from(explore.z);"
  )
  direction = np.array(latent["directions"][1]) * latent["stddevs"][1]
  expected = np.array(latent["mean"]) + 1.5 * direction
  np.testing.assert_allclose(result, expected, atol=1e-5)
  z = np.array([result], np.float32)
  assert_shows(pixels(on_deep, "#decoded"), vae.decode(z).mean()[0])
  end = z + 1.5 * direction.astype(np.float32)
  selector = ".slider:nth-child(2) > canvas:last-child"
  assert_shows(pixels(on_deep, selector), vae.decode(end).mean()[0])


def test_a_verification_runs_the_page_in_the_browser(flat_vae, flat_folder):
  """As `aevb-verify` does: with the page's own code, without Playwright."""
  x = flat_vae.sample(1, seed=4).numpy()
  seed = np.asarray(aevb.random.as_seed(-5))
  calls = [
    runtimes.Call("encode", {"x": x}),
    runtimes.Call("sample", {"first": np.int32(2), "seed": seed}),
    runtimes.Call("elbo", {"x": x, "seed": seed}),
  ]
  path = flat_folder / "model.tflite"
  encoded, drawn, scored = (
    answer.outputs for answer in runtimes.run("chromium", path, calls)
  )
  q, z = flat_vae.encode(x), flat_vae.prior.sample(seed, tf.range(3))[2:]
  np.testing.assert_allclose(encoded["mean"], q.mean(), 1e-5, 1e-5)
  np.testing.assert_allclose(encoded["stddev"], q.stddev(), 1e-5, 1e-5)
  np.testing.assert_allclose(drawn["z"], z, rtol=0, atol=1e-6)
  assert drawn["x_mean"].shape == (1, 12, 10, 1)
  np.testing.assert_allclose(scored["elbo"], flat_vae.elbo(x, seed=seed), 1e-5)


def test_a_page_that_the_browser_cannot_run_is_named(flat_folder, tmp_path):
  path = shutil.copytree(flat_folder, tmp_path / "page") / "model.tflite"
  path.write_bytes(bytes(path.stat().st_size))
  call = runtimes.Call("decode", {"z": np.zeros((1, 2), np.float32)})
  with pytest.raises(runtimes.RuntimeFailed, match="LiteRT.js cannot run") as error:
    runtimes.run("chromium", path, [call])
  assert not isinstance(error.value, runtimes.RuntimeAbsent)
  assert "\n" not in str(error.value)


def test_a_browser_that_does_not_start_is_absent(flat_folder, monkeypatch):
  monkeypatch.setenv("CHROME_PATH", "/bin/false")
  with pytest.raises(runtimes.RuntimeAbsent, match="/bin/false does not start"):
    runtimes.run("chromium", flat_folder / "model.tflite", [])


def _enter(kind, page):
  """Enters a condition; returns it as Python has it."""
  if kind == "classes":
    page.get_by_label("Class", exact=True).select_option("dog")
    return "dog"
  if kind == "vector":
    for name, value in (("c1", "-0.5"), ("c2", "\u22121.25")):
      page.get_by_label(name, exact=True).fill(value)
      page.get_by_label(name, exact=True).press("Tab")
    return [-0.5, -1.25]
  page.get_by_label("sex", exact=True).select_option("male")
  for name, value in (("age", "35.5"), ("visits", "4")):
    page.get_by_label(name, exact=True).fill(value)
    page.get_by_label(name, exact=True).press("Tab")
  return {"age": 35.5, "sex": "male", "visits": 4}


def test_every_section_uses_the_condition(conditional):
  kind, vae, page = conditional
  left_out = section(page, "return Object.keys(about.left_out);")
  assert left_out == ["log_marginal", *["classify"] * (kind == "classes")]
  given = _enter(kind, page)
  section(page, "await Promise.all([samples.settled(), explore.settled()]);")
  (code,) = re.findall(r"seed=42, condition=(.*)\)$", page.inner_text("#in-python"))
  assert json.loads(code) == given
  images = vae.sample(24, seed=42, condition=given).numpy()
  for i in (0, 23):
    assert_shows(pixels(page, f"#grid li:nth-child({i + 1}) canvas"), images[i])
  z = np.array(section(page, "return [Array.from(explore.z)];"), np.float32)
  decoded = vae.decode(z, condition=given).mean()[0]
  assert_shows(pixels(page, "#decoded"), decoded)
  low, high = section(page, "return [about.latent.low, about.latent.high];")
  u, v = 0.5 / 20, 1 - 0.5 / 20
  corner = np.array(low) + np.array([u, v]) * (np.array(high) - low)
  decoded = vae.decode(corner[None], condition=given).mean()[0]
  assert_shows(pixels(page, "#plane canvas")[:12, :10], decoded)
  draw_with_mouse(page, SEVEN)
  x = pixels(page, "#seen")[None, :, :, :1].astype(np.float32) / np.float32(255)
  image = vae.reconstruct(x, condition=given)[0].numpy()
  assert_shows(pixels(page, "#reconstructed"), image)
  shown = page.inner_text("#bound").replace("\u2212", "-")
  elbo = float(vae.elbo(x, seed=0, condition=given)[0])
  np.testing.assert_allclose(float(re.search(r"-?\d+\.\d", shown)[0]), elbo, atol=0.06)
  assert "log p(x | c)" in shown and "log p(x | z, c)" in shown
  assert "p(x | z, c)" in page.inner_text("#explore figcaption")


@pytest.mark.parametrize("conditional", ["vector", "columns"], indirect=True)
def test_a_number_that_is_none_is_reported(conditional):
  kind, _, page = conditional
  name, text, wanted = {
    "vector": ("c1", "one", "c1 must be a number"),
    "columns": ("visits", "1.5", "visits must be 0, 1, 2"),
  }[kind]
  before = page.inner_text("#in-python")
  field = page.get_by_label(name, exact=True)
  field.fill(text)
  field.press("Tab")
  assert wanted in page.inner_text("#condition")
  assert field.get_attribute("aria-invalid") == "true"
  assert page.inner_text("#in-python") == before
  field.fill("2")
  field.press("Tab")
  assert "must be" not in page.inner_text("#condition")


def test_a_condition_that_nobody_can_type_is_refused(packages, tmp_path):
  vae = _small_flat(condition=(12, 10, 1))
  with pytest.raises(
    ValueError, match=r"no fields for a condition Array of shape \(12"
  ):
    export.web(vae, tmp_path / "page", litertjs=packages)
  assert list(tmp_path.iterdir()) == []


# How it is used.


def test_a_sample_and_a_drawing_lead_into_the_latent_space(on_flat):
  on_flat.get_by_label(re.compile("^Sample 5 of seed")).click()
  section(on_flat, "await explore.show(explore.z);")
  sample, here = section(
    on_flat, "return [samples.z[4], explore.z].map((z) => Array.from(z));"
  )
  assert here == sample
  on_flat.set_viewport_size({"width": 360, "height": 740})
  on_flat.locator("#grid li:last-child").scroll_into_view_if_needed()
  assert not on_flat.evaluate(IN_SIGHT, "#decoded")
  on_flat.get_by_label(re.compile("^Sample 24 of seed")).click()
  on_flat.wait_for_function(IN_SIGHT, arg="#decoded")
  on_flat.set_viewport_size(VIEWPORT)
  button = on_flat.get_by_role("button", name="My drawing")
  assert button.is_disabled()
  draw_with_mouse(on_flat, SEVEN)
  button.click()
  drawn, here = section(
    on_flat, "return [explore.drawing.z, explore.z].map((z) => Array.from(z));"
  )
  assert here == drawn
  on_flat.get_by_role("button", name="Random").click()
  on_flat.wait_for_function(
    """async (drawn) => {
      const {explore} = await (await import("./js/main.js")).ready;
      return explore.z[0] !== drawn;
    }""",
    arg=drawn[0],
  )
  on_flat.get_by_role("button", name="Centre").click()
  here, mean = section(on_flat, "return [Array.from(explore.z), about.latent.mean];")
  np.testing.assert_allclose(here, mean, atol=1e-6)


def test_a_link_names_a_seed_and_a_bad_seed_is_reported(on_flat):
  on_flat.evaluate("() => { location.hash = '#seed=-7'; }")
  on_flat.wait_for_function(
    "() => document.getElementById('in-python').textContent.endsWith('seed=-7)')"
  )
  assert on_flat.input_value("#seed") == "-7"
  on_flat.fill("#seed", "seven")
  on_flat.press("#seed", "Enter")
  assert "The seed must be a whole number" in on_flat.inner_text("#seed-message")
  assert on_flat.get_attribute("#seed", "aria-invalid") == "true"
  on_flat.fill("#seed", " +8 ")
  on_flat.press("#seed", "Enter")
  on_flat.wait_for_function("() => location.hash === '#seed=8'")
  assert on_flat.inner_text("#seed-message") == ""
  assert on_flat.get_attribute("#seed", "aria-invalid") == "false"
  on_flat.get_by_role("button", name="Another").click()
  on_flat.wait_for_function("() => location.hash !== '#seed=8'")
  assert (
    on_flat.evaluate("() => location.hash") == f"#seed={on_flat.input_value('#seed')}"
  )


def test_keys_do_all_that_a_pointer_does(on_flat):
  section(on_flat, "await explore.show(explore.axes.centre());")
  on_flat.focus("#plane canvas")
  before = section(on_flat, "return explore.view.point;")
  on_flat.keyboard.press("ArrowRight")
  on_flat.keyboard.press("Shift+ArrowDown")
  after = section(on_flat, "return explore.view.point;")
  np.testing.assert_allclose(np.subtract(after, before), [0.025, -0.1], atol=1e-6)
  on_flat.focus("#pad canvas")
  for key in ("Space", *["ArrowDown"] * 6, "Space", *["ArrowLeft"] * 4):
    on_flat.keyboard.press(key)
  section(on_flat, "await draw.settled();")
  rows, columns = np.nonzero(pixels(on_flat, "#seen")[..., 0] > 60)
  assert np.ptp(rows) >= np.ptp(columns) + 3  # a stroke downwards
  assert "nats" in on_flat.inner_text("#bound")
  on_flat.keyboard.press("Control+z")
  section(on_flat, "await draw.settled();")
  assert pixels(on_flat, "#seen").max() == 0
  on_flat.keyboard.press("Space")
  on_flat.keyboard.press("Backspace")
  section(on_flat, "await draw.settled();")
  assert pixels(on_flat, "#seen").max() == 0
  assert "Draw something" in on_flat.inner_text("#bound")


def test_strokes_are_undone_and_cleared(on_flat):
  draw_with_mouse(on_flat, SEVEN)
  one = pixels(on_flat, "#seen")
  draw_with_mouse(on_flat, [(0.2, 0.8), (0.9, 0.9)])
  assert (pixels(on_flat, "#seen") != one).any()
  on_flat.get_by_role("button", name="Undo").click()
  section(on_flat, "await draw.settled();")
  np.testing.assert_array_equal(pixels(on_flat, "#seen"), one)
  on_flat.get_by_role("button", name="Clear").click()
  section(on_flat, "await draw.settled();")
  assert pixels(on_flat, "#seen").max() == 0


def test_a_digit_is_centred_wherever_and_however_large_it_was_drawn(on_flat):
  shown = []
  for scale, offset in ((1.0, 0.0), (0.5, 0.05), (0.5, 0.4)):
    draw_with_mouse(
      on_flat, [(scale * x + offset, scale * y + offset) for x, y in SEVEN]
    )
    shown.append(pixels(on_flat, "#seen")[..., 0].astype(np.float64) / 255)
    on_flat.get_by_role("button", name="Clear").click()
  for image in shown:
    mass = image.sum()
    rows, columns = (np.arange(n) + 0.5 for n in image.shape)
    centre = (image.sum(1) @ rows / mass, image.sum(0) @ columns / mass)
    np.testing.assert_allclose(centre, [6.0, 5.0], atol=0.35)  # the tails are cut off
  assert np.abs(shown[1] - shown[2]).mean() < 0.02  # where does not matter


def test_a_drawing_is_left_where_it_is_if_that_is_wanted(on_flat):
  on_flat.uncheck("#fit")
  draw_with_mouse(on_flat, [(0.1, 0.1), (0.2, 0.1)])
  rows, columns = np.nonzero(pixels(on_flat, "#seen")[..., 0] > 30)
  assert rows.max() <= 2 and columns.max() <= 3


def test_a_finger_draws_a_dot_and_scrolls_nothing(on_flat):
  on_flat.set_viewport_size({"width": 360, "height": 740})
  pad = on_flat.locator("#pad canvas")
  pad.tap()
  section(on_flat, "await draw.settled();")
  assert pixels(on_flat, "#seen").max() > 100
  assert pad.evaluate("pad => getComputedStyle(pad).touchAction") == "none"
  for button in on_flat.locator("button:visible:not(.tile)").all():
    assert button.bounding_box()["height"] >= 43.9


# How it looks.


@pytest.mark.parametrize("name", ["on_flat", "on_deep"])
def test_nothing_is_wider_than_the_window(request, name):
  page = request.getfixturevalue(name)
  draw_with_mouse(page, SEVEN)
  for width in (320, 360, 768, 1280):
    page.set_viewport_size({"width": width, "height": 740})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_light_and_dark_can_both_be_read(on_flat):
  grounds = []
  for scheme in ("dark", "light"):
    on_flat.emulate_media(color_scheme=scheme)
    colours = on_flat.evaluate(
      """() => ["body", ".hint", "#random", "button.first"].map((selector) => {
        const style = getComputedStyle(document.querySelector(selector));
        const body = getComputedStyle(document.body).backgroundColor;
        const clear = style.backgroundColor === "rgba(0, 0, 0, 0)";
        return [style.color, clear ? body : style.backgroundColor];
      })"""
    )
    for ink, ground in colours:
      assert contrast(ink, ground) >= 4.5, (scheme, ink, ground)
    grounds.append(luminance(colours[0][1]))
  assert grounds[0] < 0.05 and grounds[1] > 0.8


@pytest.mark.parametrize("name", ["on_flat", "on_deep"])
def test_everything_that_can_be_used_has_a_name(request, name):
  lines = request.getfixturevalue(name).locator("body").aria_snapshot().splitlines()
  roles = ("button", "checkbox", "slider", "textbox", "application", "img")
  used = [line.strip() for line in lines if line.strip()[2:].startswith(roles)]
  assert len(used) > 6
  for line in used:
    assert re.match(r'- \w+ "[^"]+', line), line


# Errors are reported.


def test_what_is_not_in_the_file_is_reported(on_deep):
  assert "does not contain sample: it was not requested" in on_deep.inner_text(
    "#samples"
  )
  draw_with_mouse(on_deep, SEVEN)
  result = on_deep.inner_text("#bound")
  assert "The bound is not in this file: it was not requested at export." in result


@contextlib.contextmanager
def _failing(browser, url, prepare):
  """What a page says that cannot start; `prepare` breaks it first."""
  context = browser.new_context()
  page = context.new_page()
  prepare(page)
  page.goto(url)
  page.locator("#failure").wait_for()
  yield page.inner_text("#failure")
  assert page.locator("#page").is_hidden() and page.locator("#loading").is_hidden()
  context.close()


@pytest.mark.parametrize(
  ("pattern", "status", "body", "message"),
  [
    ("**/*.wasm", 404, "", "cannot be loaded: the server says 404"),
    ("**/*.wasm", 200, "cut off", "is damaged or cut off; export the page again"),
    ("**/model.json", 200, "{", "model.json is damaged or cut off"),
    ("**/model.json", 200, json.dumps({"format_version": 9}), "has another version"),
    ("**/*.tflite", 200, "same size", "LiteRT.js cannot run the model here"),
  ],
)
def test_what_cannot_be_loaded_is_reported(
  browser, flat, flat_folder, pattern, status, body, message
):
  if body == "same size":
    body = "0" * (flat_folder / "model.tflite").stat().st_size

  def answer(route):
    route.fulfill(status=status, body=body)

  with _failing(browser, flat, lambda page: page.route(pattern, answer)) as result:
    assert message in result


def test_a_browser_without_webassembly_is_reported(browser, flat):
  def prepare(page):
    page.add_init_script("delete window.WebAssembly;")

  with _failing(browser, flat, prepare) as result:
    assert "has no WebAssembly" in result


def test_a_page_opened_as_a_file_says_how_to_serve_it(browser, flat_folder):
  url = (flat_folder / "index.html").as_uri()
  with _failing(browser, url, lambda page: None) as result:
    assert "python -m http.server" in result


# The parts that can be wrong by themselves.


def test_seeds_are_split_into_words_as_in_python(on_flat):
  seeds = (*SEEDS, 2**70 + 1, -(2**31))
  result, refused = on_flat.evaluate(
    """async ([seeds, texts]) => {
      const {parseSeed, wordsOf} = await import("./js/seeds.js");
      const words = seeds.map((seed) => Array.from(wordsOf(parseSeed(seed))));
      return [words, texts.map(parseSeed)];
    }""",
    [[str(seed) for seed in seeds], ["", "1.5", "1e3", "0x1", "--1", "one"]],
  )
  np.testing.assert_array_equal(result, [aevb.random.as_seed(seed) for seed in seeds])
  assert refused == [None] * 6


def test_phi_and_its_inverse_are_right(on_flat):
  normal = statistics.NormalDist()
  p = [1e-6, 1e-3, 0.02, 0.0243, 0.3, 0.5, 0.7, 0.99, 0.9999]
  inverse, back = on_flat.evaluate(
    """async (p) => {
      const {cdf, inverseCdf} = await import("./js/normal.js");
      const z = p.map(inverseCdf);
      return [z, z.map(cdf)];
    }""",
    p,
  )
  np.testing.assert_allclose(inverse, [normal.inv_cdf(q) for q in p], atol=2e-8)
  np.testing.assert_allclose(back, p, rtol=1e-9)


def test_a_plane_that_is_not_normal_is_linear(on_flat):
  result = on_flat.evaluate(
    """async () => {
      const {Plane} = await import("./js/plane.js");
      const latent = {log: false, low: [-2, 0], high: [2, 1]};
      const plain = new Plane({standard_normal: false, latent});
      const positive = new Plane({standard_normal: false, latent: {...latent, log: true}});
      const z = [plain, positive].map((plane) => Array.from(plane.latents(0.25, 0.5)));
      return [z, plain.point(z[0]), positive.point(z[1]), plain.point([9, -9])];
    }"""
  )
  np.testing.assert_allclose(
    result[0], [[-1, 0.5], [np.exp(-1), np.exp(0.5)]], rtol=1e-6
  )
  np.testing.assert_allclose(result[1:3], [[0.25, 0.5]] * 2, atol=1e-6)
  np.testing.assert_allclose(result[3], [0.999, 0.001])  # on the rim
