"""`python -m aevb_tf`: the version, and the commands there are."""

import importlib
import sys

import aevb_tf_cli
from aevb_tf.version import __version__

_COMMANDS = {
  "aevb-train": "aevb_tf.training.train_main",
  "aevb-evaluate": "aevb_tf.training.evaluate_main",
  "aevb-apply": "aevb_tf.apply.main",
  "aevb-export": "aevb_tf.export.export_main",
  "aevb-verify": "aevb_tf.export.verify_main",
  "aevb-serving": "aevb_tf.export.serving.main",
  "aevb-client": "aevb_tf.export.client.main",
}


def main() -> int:
  """Prints what to type in place of this.

  Returns:
    The exit code.
  """
  abouts = {
    name: (importlib.import_module(module).__doc__ or "").split("\n", 1)[0]
    for name, module in _COMMANDS.items()
  }
  print(f"aevb_tf {__version__}\n\nCommands, each with its own --help:")
  print(aevb_tf_cli.columns(abouts))
  return 0


if __name__ == "__main__":
  sys.exit(main())
