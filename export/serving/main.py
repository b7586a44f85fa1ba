"""Publishes, labels, removes and checks the models that TensorFlow Serving serves.

  aevb-serving publish  --base_path=BASE --export=DIR [--version=N]
  aevb-serving promote  --base_path=BASE [--name=NAME] [--version=N] [--label=stable]
  aevb-serving rollback --base_path=BASE [--name=NAME] [--version=N]
  aevb-serving prune    --base_path=BASE [--name=NAME] [--keep=3]
  aevb-serving curve    --base_path=BASE [--name=NAME] [--version=N]
  aevb-serving check    --base_path=BASE [--name=NAME] [--version=N] [--label=LABEL]
                        [--rest=URL] [--grpc=ADDRESS] [--deadline=SECONDS]

publish verifies what `aevb-export --formats=serving --to=DIR` wrote and copies it to a
server's folder, as the next version and the canary.
promote moves `stable` to the canary, rollback moves it back, and prune removes old
versions without a label. curve measures calls of many rows, and chooses a batch size.
check compares a running server's answers with the recorded ones, and ends with PASS or
with what differed; its exit code is then 1.
"""

import pathlib

from absl import flags

import aevb_tf_cli
from aevb_tf.training import command_line


def run() -> None:
  """The console script `aevb-serving`."""
  command_line.run("aevb-serving", main)


def main(argv: list[str]) -> int:
  """Reads the command line, and runs its command.

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
  if len(words) != 1 or words[0] not in COMMANDS:
    command = " ".join(words) or "nothing"
    raise command_line.ConfigError(f"{command}: give one of {', '.join(COMMANDS)}.")
  command_line.require(values, argv, ("base_path",))
  if words[0] == "publish" and not values.export:
    raise command_line.ConfigError("publish needs --export=DIR; see --help.")
  if words[0] == "check" and not (values.rest or values.grpc):
    raise command_line.ConfigError("check needs --rest=URL, --grpc=ADDRESS or both.")
  # After the flags are read, since it takes seconds.
  aevb_tf_cli.import_package()
  try:
    return COMMANDS[words[0]](values)
  except (ValueError, OSError, ImportError) as error:
    raise command_line.ConfigError(" ".join(str(error).split())) from error


def _publish(values):
  from aevb_tf.export.serving.bundle import publish_export

  path = publish_export(values.export, values.base_path, values.version)
  print(f"{path}\n{path.parent.name}: canary is {path.name}")
  return 0


def _promote(values):
  from aevb_tf.export.serving import models_config

  name, label = _name(values), values.label or models_config.STABLE
  _print_labels(
    name, models_config.promote(values.base_path, name, values.version, label)
  )
  return 0


def _rollback(values):
  from aevb_tf.export.serving import models_config

  name = _name(values)
  _print_labels(name, models_config.rollback(values.base_path, name, values.version))
  return 0


def _prune(values):
  from aevb_tf.export.serving import models_config

  name = _name(values)
  removed = models_config.prune(values.base_path, name, values.keep)
  remaining = models_config.versions(values.base_path, name)
  print(f"{name}: removed {removed or 'nothing'}; there are {remaining}")
  return 0


def _curve(values):
  from aevb_tf.export.serving import batching

  print(batching.format_table(batching.measure(_folder(values))))
  return 0


def _check(values):
  from aevb_tf.export import client
  from aevb_tf.export.serving import warmup

  name = _name(values)
  options = {
    "version": values.version,
    "label": values.label,
    "deadline": values.deadline,
  }
  clients: dict[str, client.Client] = {}
  if values.rest:
    clients["rest"] = client.RestClient(values.rest, name, **options)
  if values.grpc:
    clients["grpc"] = client.GrpcClient(values.grpc, name, **options)
  lines = warmup.check(_folder(values), clients)
  print("\n".join(map(str, lines)))
  wrong = sum(line.wrong is not None for line in lines)
  print(f"DIFFERED: {wrong} of {len(lines)} requests" if wrong else "PASS")
  return 1 if wrong else 0


COMMANDS = {
  "publish": _publish,
  "promote": _promote,
  "rollback": _rollback,
  "prune": _prune,
  "curve": _curve,
  "check": _check,
}


def _name(values: flags.FlagValues) -> str:
  from aevb_tf.export.serving import models_config

  if values.name is not None:
    return values.name
  config = models_config.read(values.base_path)
  names = [entry.name for entry in config.model_config_list.config]
  if len(names) != 1:
    models = ", ".join(names) or "none"
    raise ValueError(f"--name is missing; models in {values.base_path}: {models}.")
  return names[0]


def _folder(values: flags.FlagValues) -> pathlib.Path:
  from aevb_tf.export.serving import models_config

  name = _name(values)
  version = models_config.requested_version(
    values.base_path, name, values.version, values.label
  )
  return pathlib.Path(values.base_path, name, str(version))


def _print_labels(name: str, labels: dict[str, int]) -> None:
  parts = (f"{label} is {version}" for label, version in sorted(labels.items()))
  print(f"{name}: {', '.join(parts)}")


def _flags() -> flags.FlagValues:
  values = flags.FlagValues()
  for name, default, text in (
    ("base_path", None, "Folder of the server."),
    ("name", None, "The model; may be left out if there is only one."),
    ("label", None, "The label to move or to ask for."),
    ("export", None, "What `aevb-export` wrote."),
    ("rest", None, "The server's REST address, http://HOST:PORT."),
    ("grpc", None, "The server's gRPC address, HOST:PORT."),
  ):
    flags.DEFINE_string(name, default, text, flag_values=values)
  for name, default, text in (
    ("version", None, "A version's number."),
    ("keep", 3, "How many of the newest versions to keep."),
  ):
    flags.DEFINE_integer(name, default, text, lower_bound=1, flag_values=values)
  flags.DEFINE_float(
    "deadline", 30.0, "Seconds for each request.", lower_bound=0.001, flag_values=values
  )
  return values


if __name__ == "__main__":
  run()
