"""The commands of `aevb-serving`: flags in, lines out, and an exit code."""

import pathlib

from absl import flags

from aevb_tf.export import client
from aevb_tf.export.serving import batching, labels, models_config
from aevb_tf.export.serving import check as checking
from aevb_tf.export.serving.from_export import from_export


def publish(values: flags.FlagValues) -> int:
  """Publishes the bundle of an export."""
  path = from_export(values.export, values.base_path, values.version)
  print(f"{path}\n{path.parent.name}: canary is {path.name}")
  return 0


def promote(values: flags.FlagValues) -> int:
  """Moves a label forward."""
  name = _name(values)
  label = values.label or labels.STABLE
  return _print(name, labels.promote(values.base_path, name, values.version, label))


def rollback(values: flags.FlagValues) -> int:
  """Moves `stable` back."""
  name = _name(values)
  return _print(name, labels.rollback(values.base_path, name, values.version))


def prune(values: flags.FlagValues) -> int:
  """Removes old versions."""
  name = _name(values)
  removed = labels.prune(values.base_path, name, values.keep)
  left = labels.versions(values.base_path, name)
  print(f"{name}: removed {removed or 'nothing'}; there are {left}")
  return 0


def curve(values: flags.FlagValues) -> int:
  """Prints the time of calls of many rows."""
  print(batching.table(batching.measure(_folder(values))))
  return 0


def check(values: flags.FlagValues) -> int:
  """Compares a server's answers with the recorded ones."""
  name = _name(values)
  options = {
    "version": values.version,
    "label": values.label,
    "deadline": values.deadline,
  }
  clients = {}
  if values.rest:
    clients["rest"] = client.RestClient(values.rest, name, **options)
  if values.grpc:
    clients["grpc"] = client.GrpcClient(values.grpc, name, **options)
  lines = checking.check(_folder(values), clients)
  print("\n".join(map(str, lines)))
  wrong = sum(line.wrong is not None for line in lines)
  print(f"DIFFERED: {wrong} of {len(lines)} requests" if wrong else "PASS")
  return 1 if wrong else 0


def _name(values: flags.FlagValues) -> str:
  if values.name is not None:
    return values.name
  config = models_config.read(values.base_path)
  known = [entry.name for entry in config.model_config_list.config]
  if len(known) != 1:
    there = ", ".join(known) or "none"
    raise ValueError(f"--name is missing; models in {values.base_path}: {there}.")
  return known[0]


def _folder(values: flags.FlagValues) -> pathlib.Path:
  name = _name(values)
  version = checking.version_of(values.base_path, name, values.version, values.label)
  return pathlib.Path(values.base_path, name, str(version))


def _print(name: str, moved: dict[str, int]) -> int:
  told = ", ".join(f"{label} is {version}" for label, version in sorted(moved.items()))
  print(f"{name}: {told}")
  return 0
