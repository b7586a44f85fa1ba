"""Images go to a server, and images come back."""

import http.server
import json
import pathlib
import subprocess
import sys
import threading

import numpy as np
import PIL.Image
import pytest

from aevb_tf.export.client import images, main
from aevb_tf.training.configuration import ConfigError

# What was sent, of the requests for samples and for bounds.
conditions = []


class Handler(http.server.BaseHTTPRequestHandler):
  """Answers with what it got: reconstructs to the image itself, and draws white.

  Of TensorFlow Serving's REST API, it has the path, the two forms and the errors 400.
  """

  def do_POST(self):
    body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
    code, answer = 200, None
    if self.path != "/v1/models/digits/labels/stable:predict":
      code, answer = 404, {"error": f"no {self.path}"}
    elif body["signature_name"] == "reconstruct":
      answer = {"predictions": [row["x"] for row in body["instances"]]}
    elif body["signature_name"] == "classify":
      probs = [[0.2, 0.7, 0.1] for _ in body["inputs"]["x"]]
      answer = {"outputs": probs}
    elif body["signature_name"] == "anomaly":
      count = len(body["inputs"]["x"])
      numbers = {"score": 2.5, "p_value": 0.25, "is_anomaly": 1.0}
      answer = {"outputs": {name: [v] * count for name, v in numbers.items()}}
    elif body["signature_name"] == "elbo":
      conditions.append(body["inputs"].get("condition"))
      means = [float(np.mean(x)) for x in body["inputs"]["x"]]
      answer = {"outputs": {"elbo": means, "kl": means, "log_likelihood": means}}
    elif body["signature_name"] == "reconstruct_png":
      answer = {"predictions": [row["png_bytes"] for row in body["instances"]]}
    elif body["inputs"]["num"] > 3:
      code, answer = 400, {"error": "num must lie\nbetween 1 and 3"}
    else:
      white = np.ones((body["inputs"]["num"], 2, 3, 1)).tolist()
      conditions.append(body["inputs"].get("condition"))
      answer = {"outputs": {"x_mean": white, "z": [[0.0]] * len(white)}}
    self.send_response(code)
    self.end_headers()
    self.wfile.write(json.dumps(answer).encode())

  def log_message(self, *args):
    pass


@pytest.fixture
def server():
  with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as created:
    thread = threading.Thread(target=created.serve_forever)
    thread.start()
    yield [
      "--name=digits",
      "--label=stable",
      f"--rest=http://127.0.0.1:{created.server_port}",
    ]
    created.shutdown()
    thread.join()


@pytest.fixture
def pictures(tmp_path):
  """Two grey images of 2 x 3 pixels."""
  paths = [tmp_path / "a.png", tmp_path / "b.png"]
  for i, path in enumerate(paths):
    PIL.Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3) * (40 + i)).save(
      path
    )
  return list(map(str, paths))


def test_images_are_reconstructed(server, pictures, tmp_path, capsys):
  to = tmp_path / "to"
  main.main(["aevb-client", "reconstruct", *server, f"--to={to}", *pictures])
  for path in pictures:
    again = to / path.rsplit("/", 1)[1]
    with PIL.Image.open(again) as image:
      assert image.mode == "L"
    np.testing.assert_array_equal(images.read([again]), images.read([path]))
  assert str(to / "b.png") in capsys.readouterr().out
  with pytest.raises(ConfigError, match="nothing is overwritten"):
    main.main(["aevb-client", "reconstruct", *server, f"--to={to}", *pictures])


def test_files_are_sent_unchanged(server, pictures, tmp_path):
  argv = ["reconstruct", "--as_png", *server, f"--to={tmp_path / 'to'}", *pictures]
  main.main(["aevb-client", *argv])
  for path in map(pathlib.Path, pictures):
    assert (tmp_path / "to" / path.name).read_bytes() == path.read_bytes()


def test_images_are_sampled(server, tmp_path):
  main.main(["aevb-client", "sample", *server, f"--to={tmp_path}", "--num=2"])
  assert (images.read([tmp_path / "sample-0001.png"]) == 1.0).all()
  with pytest.raises(ConfigError, match="InvalidRequest: num must lie between 1 and 3"):
    main.main(["aevb-client", "sample", *server, f"--to={tmp_path}", "--num=4"])


def test_images_are_scored(server, pictures, capsys):
  main.main(["aevb-client", "elbo", *server, *pictures])
  lines = capsys.readouterr().out.splitlines()
  assert [line.split()[1] for line in lines] == pictures


def test_images_are_judged(server, pictures, capsys):
  main.main(["aevb-client", "anomaly", *server, *pictures])
  lines = capsys.readouterr().out.splitlines()
  assert [line.split() for line in lines] == [
    ["2.500", "p", "=", "0.2500", "anomaly", path] for path in pictures
  ]


SCHEMA = {
  "columns": [
    {"name": "age", "kind": "real", "location": 50.0, "scale": 20.0},
    {"name": "sex", "kind": "binary", "levels": ["female", "male"], "type": "text"},
  ]
}
ABOUT = {
  "names": ({"name": "labels", "levels": ["cat", "dog"]}, []),
  "codes": ({"name": "labels", "levels": 10}, []),
  "vector": ({"name": "array", "shape": [2]}, [2]),
  "columns": ({"name": "columns", "schema": SCHEMA}, [2]),
}


@pytest.fixture
def metadata(tmp_path):
  """Writes what an exported model with this condition has in `aevb.json`."""

  def write(kind):
    condition, shape = ABOUT[kind]
    spec = {"dtype": "float32", "shape": [-1, *shape], "doc": "that of each row."}
    content = {"signatures": {"sample": {"inputs": {"condition": spec}}}}
    path = tmp_path / "aevb.json"
    path.write_text(json.dumps({**content, "condition": condition}))
    return f"--metadata={path}"

  return write


@pytest.mark.parametrize(
  "kind, words, sent",
  [
    (None, ["7"], [7]),
    (None, ["[0.5, -1]"], [[0.5, -1.0]]),
    (None, ["1", "0"], [1, 0]),
    ("names", ["dog"], [1]),
    ("codes", ["7"], [7]),
    ("vector", ["[1, -2]"], [[1.0, -2.0]]),
    ("columns", ["sex=male,age=40"], [[-0.5, 1.0]]),
    ("columns", ["age=50, sex=female", "age=60,sex=male"], [[0.0, 0.0], [0.5, 1.0]]),
  ],
)
def test_conditions_are_sent(kind, words, sent, server, metadata, pictures, tmp_path):
  flags = [f"--condition={word}" for word in words]
  flags += [metadata(kind)] if kind else []
  conditions.clear()
  argv = ["aevb-client", "sample", *server, f"--to={tmp_path / 'to'}", "--num=2"]
  main.main([*argv, *flags])
  main.main(["aevb-client", "elbo", *server, *flags, *pictures])
  assert conditions == [sent, sent]
  assert [type(value) for value in conditions[0]] == [type(value) for value in sent]


@pytest.mark.parametrize(
  "kind, words, message",
  [
    (None, ["dog"], "known from the metadata: pass --metadata=FILE"),
    (None, ["sex=male"], "known from the metadata"),
    (None, ["[1, x]"], "a list in JSON"),
    (None, ["[NaN, 1]"], "must be finite"),
    (None, ["1", "2", "3"], "is there 3 times, for 2 images"),
    (None, ["1", "[1, 2]"], "must have one shape"),
    ("names", ["dgo"], "the classes are cat, dog. Did you mean dog"),
    ("names", ["1"], "the classes are cat, dog"),
    ("codes", ["10"], "the classes are 0, 1, 2"),
    ("vector", ["[1, 2, 3]"], r"shape \(3,\), and the model needs \(2,\)"),
    ("vector", ["7"], r"shape \(\), and the model needs"),
    ("columns", ["male"], "give columns as NAME=VALUE"),
    ("columns", ["sex=male"], "column 'age' is missing"),
    ("columns", ["sex=male,age=1,agee=2"], "no column 'agee'.*Did you mean age"),
    ("columns", ["sex=other,age=1"], "'other' is not one of its levels"),
    ("columns", ["sex=male,age=old"], "column 'age' has type float, and 'old'"),
  ],
)
def test_wrong_conditions_are_one_line(kind, words, message, server, metadata):
  flags = [f"--condition={word}" for word in words]
  flags += [metadata(kind)] if kind else []
  argv = ["aevb-client", "sample", *server, "--to=/nowhere", "--num=2", *flags]
  with pytest.raises(ConfigError, match=message) as error:
    main.main(argv)
  assert "\n" not in str(error.value)


def test_metadata_of_a_model_without_a_condition(server, tmp_path):
  (tmp_path / "assets.extra").mkdir()
  path = tmp_path / "assets.extra" / "aevb.json"
  path.write_text('{"signatures": {}}')
  argv = ["aevb-client", "sample", *server, "--to=/nowhere", "--condition=1"]
  with pytest.raises(ConfigError, match="has no condition; leave out --condition"):
    main.main([*argv, f"--metadata={tmp_path}"])
  path.write_text("{}")
  with pytest.raises(ConfigError, match="not the metadata of an exported model"):
    main.main([*argv, f"--metadata={path}"])


def test_images_are_classified(server, pictures, metadata, capsys):
  main.main(["aevb-client", "classify", *server, *pictures])
  lines = capsys.readouterr().out.splitlines()
  assert [line.split() for line in lines] == [["1", "0.700", path] for path in pictures]
  main.main(["aevb-client", "classify", *server, metadata("names"), pictures[0]])
  assert capsys.readouterr().out.split() == ["dog", "0.700", pictures[0]]


def test_sixteen_bits_are_eight_bits_more(tmp_path):
  levels = np.array([[0, 255 * 257], [128 * 257, 1 * 257]], np.uint16)
  PIL.Image.fromarray(levels).save(tmp_path / "deep.png")
  pixels = images.read([tmp_path / "deep.png"])[0, :, :, 0] * 255
  np.testing.assert_allclose(pixels, [[0, 255], [128, 1]], 1e-6)


def test_a_file_that_is_cut_off_is_none():
  content = images.encode(np.random.default_rng(0).random((16, 16, 3)))
  for damaged in (content[:40], content[: len(content) // 2], b""):
    with pytest.raises(ValueError, match="not an image|truncated|Truncated"):
      images.decode(np.array([damaged], object))


def test_colours_and_sizes(pictures, tmp_path):
  assert images.read(pictures).shape == (2, 2, 3, 1)
  assert images.read(pictures, channels=3).shape == (2, 2, 3, 3)
  (tmp_path / "large.png").write_bytes(images.encode(np.zeros((4, 4, 3))))
  with pytest.raises(ValueError, match=r"large.png is \(4, 4\) pixels"):
    images.read([pictures[0], tmp_path / "large.png"])
  (tmp_path / "text.png").write_text("text")
  with pytest.raises(ValueError, match="is not an image"):
    images.read([tmp_path / "text.png"])


_HELP = """
import sys
import aevb_tf_cli
sys.argv = ["aevb-{command}", "--help"]
try:
  aevb_tf_cli.{command}()
except SystemExit as ended:
  assert ended.code == 0
assert "tensorflow" not in sys.modules
"""


_OVER_REST = """
import sys, aevb_tf_cli
sys.argv[0] = "aevb-client"
try:
  aevb_tf_cli.client()
except SystemExit as ended:
  assert not ended.code
assert "tensorflow" not in sys.modules
"""


@pytest.mark.parametrize("kind", [None, "columns"])
def test_requests_over_rest_do_not_load_tensorflow(kind, server, pictures, metadata):
  flags = ["--condition=sex=male,age=40", metadata(kind)] if kind else []
  command = [sys.executable, "-c", _OVER_REST, "elbo", *server, *pictures, *flags]
  ended = subprocess.run(command, capture_output=True, text=True)
  assert ended.returncode == 0, ended.stderr
  assert len(ended.stdout.splitlines()) == len(pictures)


@pytest.mark.parametrize("command", ["client", "serving"])
def test_help_does_not_wait_for_tensorflow(command):
  code = _HELP.format(command=command)
  result = subprocess.run(
    [sys.executable, "-c", code], capture_output=True, text=True, check=True
  )
  assert f"aevb-{command}" in result.stdout


@pytest.mark.parametrize(
  "argv, message",
  [
    ([], "give one of"),
    (["draw", "--rest=http://a"], "draw: give one of"),
    (["sample"], "one of --rest=URL and --grpc"),
    (["sample", "--rest=http://a", "a.png"], "takes no images"),
    (["elbo", "--rest=http://a"], "takes images"),
    (["sample", "--rest=http://a"], "--to is missing"),
    (["elbo", "--rest=http://a", "a.png", "--channels=2"], "1 or 3"),
    (["elbo", "--rest=http://a", "a.png", "--metadata=a"], "needs --condition"),
    (["classify", "--rest=http://a", "a.png", "--condition=1"], "no --condition"),
  ],
)
def test_mistakes_are_one_line(argv, message):
  with pytest.raises(ConfigError, match=message):
    main.main(["aevb-client", "--name=digits", *argv])
