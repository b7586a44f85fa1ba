"""Looks after what TensorFlow Serving serves.

  aevb-serving publish  --base_path=BASE --export=DIR [--version=N]
  aevb-serving promote  --base_path=BASE [--name=NAME] [--version=N] [--label=stable]
  aevb-serving rollback --base_path=BASE [--name=NAME] [--version=N]
  aevb-serving prune    --base_path=BASE [--name=NAME] [--keep=3]
  aevb-serving curve    --base_path=BASE [--name=NAME] [--version=N]
  aevb-serving check    --base_path=BASE [--name=NAME] [--version=N] [--label=LABEL]
                        [--rest=URL] [--grpc=ADDRESS] [--deadline=SECONDS]

publish brings what `aevb-export --formats=serving --to=DIR` wrote to a server's folder, as
the next version and the canary, once it is verified.
promote moves `stable` to the canary, rollback moves it back, and prune removes old
versions without a label. curve measures batches of rows, and what a server should batch.
check compares a running server's answers with the recorded ones, and ends with PASS or
with what differed; its exit code is then 1.
"""

from absl import flags

from aevb_tf.training import command_line, quietly

COMMANDS = ("publish", "promote", "rollback", "prune", "curve", "check")


def run() -> None:
  """The console script `aevb-serving`."""
  command_line.run("aevb-serving", main)


def main(argv: list[str]) -> int:
  """Reads the command line, and does what it says.

  Args:
    argv: The command line, the program's name first.

  Returns:
    The exit code.
  """
  values = _flags()
  if command_line.wants_help(argv):
    command_line.print_help(__doc__, values)
    return 0
  words = command_line.parse(values, argv, required=("base_path",))
  if len(words) != 1 or words[0] not in COMMANDS:
    told = " ".join(words) or "nothing"
    raise command_line.ConfigError(f"{told}: say one of {', '.join(COMMANDS)}.")
  if words[0] == "publish" and not values.export:
    raise command_line.ConfigError("publish needs --export=DIR; see --help.")
  if words[0] == "check" and not (values.rest or values.grpc):
    raise command_line.ConfigError("check needs --rest=URL, --grpc=ADDRESS or both.")
  # Only now, with the flags read.
  quietly.import_package()
  from aevb_tf.export.serving import commands

  try:
    return getattr(commands, words[0])(values)
  except (ValueError, OSError, ImportError) as error:
    raise command_line.ConfigError(" ".join(str(error).split())) from error


def _flags() -> flags.FlagValues:
  values = flags.FlagValues()
  for name, default, text in (
    ("base_path", None, "Folder of the server."),
    ("name", None, "The model; it need not be said where there is one."),
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
