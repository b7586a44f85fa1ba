"""Sends images to a server, and writes its answers.

  aevb-client reconstruct --rest=URL --name=NAME --to=DIR IMAGE.png ...
  aevb-client sample      --rest=URL --name=NAME --to=DIR [--num=16] [--seed=0]
  aevb-client elbo        --rest=URL --name=NAME [--seed=0] IMAGE.png ...
  aevb-client classify    --rest=URL --name=NAME [--seed=0] IMAGE.png ...
  aevb-client anomaly     --rest=URL --name=NAME [--seed=0] IMAGE.png ...

--grpc=HOST:PORT instead of --rest=http://HOST:PORT uses gRPC. reconstruct writes
DIR/IMAGE.png for each image, sample DIR/sample-0000.png and so on; elbo prints nats for
each image: the lower, the less the model expects it. anomaly prints the score and the
p-value of each image, and which are anomalies. --as_png sends and receives PNG
files instead of numbers, a tenth of the bytes.

A model with a condition needs --condition, for all images, or once for each image:
--condition=7 for a class, --condition=[0.5,-1] for numbers. With --metadata, which names
the aevb.json of the exported model, --condition may also be the name of a class, or
columns of a table, --condition=sex=female,age=50. classify prints the most probable class
of each image and its probability, for a model whose condition is a class.
"""

import os
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from absl import flags

import aevb_tf_cli
from aevb_tf import publish
from aevb_tf.training import command_line

if TYPE_CHECKING:
  from aevb_tf.export.client.base import Client

COMMANDS = ("reconstruct", "sample", "elbo", "classify", "anomaly")


def run() -> None:
  """The console script `aevb-client`."""
  command_line.run("aevb-client", main)


def main(argv: list[str]) -> int:
  """Reads the command line, calls the server, and writes its answers.

  Args:
    argv: The command line, the program's name first.

  Returns:
    The exit code.
  """
  values = _flags()
  if command_line.wants_help(argv):
    command_line.print_help(__doc__, values)
    return 0
  words = command_line.parse(values, argv)
  _check(values, words)
  command_line.require(values, argv, ("name",))
  make = _client_class(values)
  from aevb_tf.export.client.base import ClientError

  options = {
    "version": values.version,
    "label": values.label,
    "deadline": values.deadline,
  }
  try:
    server = make(values.rest or values.grpc, values.name, **options)
    command = {
      "reconstruct": _reconstruct,
      "sample": _sample,
      "elbo": _elbo,
      "classify": _classify,
      "anomaly": _anomaly,
    }[words[0]]
    return command(server, values, words[1:])
  except ClientError as error:
    message = " ".join(str(error).split())
    if not values.condition and "condition" in message:
      message += " This model has a condition: pass --condition; see --help."
    raise command_line.ConfigError(f"{type(error).__name__}: {message}") from error
  except (ValueError, OSError, ImportError) as error:
    raise command_line.ConfigError(" ".join(str(error).split())) from error


def _client_class(values) -> Callable[..., "Client"]:
  # After the flags are read. gRPC's messages need TensorFlow, which takes seconds.
  if values.grpc:
    aevb_tf_cli.import_package()
    from aevb_tf.export.client.over_grpc import GrpcClient

    return GrpcClient
  from aevb_tf.export.client.over_rest import RestClient

  return RestClient


def _check(values, words):
  if not words or words[0] not in COMMANDS:
    command = words[0] if words else "nothing"
    raise command_line.ConfigError(f"{command}: give one of {', '.join(COMMANDS)}.")
  if bool(values.rest) == bool(values.grpc):
    raise command_line.ConfigError("Give one of --rest=URL and --grpc=ADDRESS.")
  if (words[0] == "sample") == bool(words[1:]):
    raise command_line.ConfigError(
      "sample takes no images." if words[1:] else f"{words[0]} takes images."
    )
  if values.channels not in (None, 1, 3):
    raise command_line.ConfigError(f"--channels={values.channels} must be 1 or 3.")
  if words[0] in ("reconstruct", "sample") and not values.to:
    raise command_line.ConfigError("--to is missing; see --help.")
  if words[0] == "classify" and (values.as_png or values.condition):
    flag = "--as_png" if values.as_png else "--condition"
    raise command_line.ConfigError(f"classify has no {flag}: leave it out.")
  count = values.num if words[0] == "sample" else len(words) - 1
  if values.condition and len(values.condition) not in (1, count):
    raise command_line.ConfigError(
      f"--condition is there {len(values.condition)} times, for {count} images: give it "
      "once for all images, or once for each."
    )
  if values.metadata and not values.condition and words[0] != "classify":
    raise command_line.ConfigError("--metadata needs --condition.")


def _reconstruct(server, values, paths):
  names = [os.path.splitext(os.path.basename(path))[0] for path in paths]
  reconstruct = server.reconstruct_png if values.as_png else server.reconstruct
  answer = reconstruct(_read(values, paths), condition=_condition(values))
  return _write(values, names, answer)


def _sample(server, values, paths):
  sample = server.sample_png if values.as_png else server.sample
  names = [f"sample-{i:04d}" for i in range(values.num)]
  answer = sample(values.num, values.seed, condition=_condition(values))
  return _write(values, names, answer)


def _elbo(server, values, paths):
  elbo = server.elbo_png if values.as_png else server.elbo
  answer = elbo(_read(values, paths), values.seed, condition=_condition(values))
  for path, nats in zip(paths, answer["elbo"], strict=True):
    print(f"{nats:10.2f}  {path}")
  return 0


def _anomaly(server, values, paths):
  anomaly = server.anomaly_png if values.as_png else server.anomaly
  answer = anomaly(_read(values, paths), values.seed, condition=_condition(values))
  rows = zip(*(answer[k] for k in ("score", "p_value", "is_anomaly")), strict=True)
  for path, (score, p_value, is_anomaly) in zip(paths, rows, strict=True):
    verdict = "anomaly" if is_anomaly else "normal"
    print(f"{score:10.3f}  p = {p_value:.4f}  {verdict:<7}  {path}")
  return 0


def _classify(server, values, paths):
  from aevb_tf.export.client import conditions

  probs = server.classify(_read(values, paths), values.seed)["probs"]
  names = range(probs.shape[1])
  if values.metadata:
    levels = conditions.read_metadata(values.metadata)["condition"]["levels"]
    names = range(levels) if isinstance(levels, int) else levels
  for path, row in zip(paths, probs, strict=True):
    best = max(range(len(row)), key=row.__getitem__)
    print(f"{names[best]!s:>10}  {row[best]:.3f}  {path}")
  return 0


def _condition(values):
  from aevb_tf.export.client import conditions

  if not values.condition:
    return None
  metadata = conditions.read_metadata(values.metadata) if values.metadata else None
  return conditions.parse(values.condition, metadata)


def _read(values, paths):
  """Reads pixels, or the content of PNG files."""
  from aevb_tf.export.client import images

  if not values.as_png:
    return images.read(paths, values.channels)
  return [pathlib.Path(path).read_bytes() for path in paths]


def _write(values, names, answer):
  from aevb_tf.export.client import images

  files = answer["png_bytes"] if values.as_png else map(images.encode, answer["x_mean"])
  for name, content in zip(names, files, strict=True):
    path = os.path.join(values.to, f"{name}.png")
    with publish.file(path) as partial:
      partial.write_bytes(content)
    print(path)
  return 0


def _flags() -> flags.FlagValues:
  values = flags.FlagValues()
  for name, default, text in (
    ("rest", None, "The server's REST address, http://HOST:PORT."),
    ("grpc", None, "The server's gRPC address, HOST:PORT."),
    ("name", None, "The model."),
    ("label", None, "The label of a version, such as stable."),
    ("metadata", None, "The aevb.json of the exported model, with names of classes."),
    (
      "to",
      None,
      "Folder for images; created if missing, nothing in it is overwritten.",
    ),
  ):
    flags.DEFINE_string(name, default, text, flag_values=values)
  for name, default, text in (
    ("version", None, "A version's number."),
    ("num", 16, "Number of samples."),
    ("seed", 0, "Seed of all noise."),
  ):
    flags.DEFINE_integer(name, default, text, flag_values=values)
  flags.DEFINE_integer(
    "channels",
    None,
    "1 for grey images, 3 for colours; by default as the first file.",
    flag_values=values,
  )
  flags.DEFINE_multi_string(
    "condition",
    None,
    "What the images are conditioned on: once for all, or once for each.",
    flag_values=values,
  )
  flags.DEFINE_bool(
    "as_png", False, "Send and receive PNG files, not numbers.", flag_values=values
  )
  flags.DEFINE_float(
    "deadline", 10.0, "Seconds for a request.", lower_bound=0.001, flag_values=values
  )
  return values


if __name__ == "__main__":
  run()
