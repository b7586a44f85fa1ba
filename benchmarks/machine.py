"""The machine of the timings: processor, memory, devices, versions, threads."""

import importlib.metadata
import os
import pathlib
import platform
from typing import Any

_PACKAGES = (
  "aevb_tf",
  "tensorflow",
  "keras",
  "tensorflow-probability",
  "ai-edge-litert",
  "torch",
  "pythae",
  "jax",
  "optax",
  "onnxruntime",
  "numpy",
)


def describe() -> dict[str, Any]:
  """The machine and the packages, as values for JSON."""
  return {
    "processor": _processor(),
    "cores": len(os.sched_getaffinity(0)),
    "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    "system": f"{platform.system()} {platform.release()}",
    "python": platform.python_version(),
    "threads": {
      name: value for name, value in os.environ.items() if name.endswith("_THREADS")
    },
    "versions": {name: v for name in _PACKAGES if (v := _version(name))},
  }


def line(machine: dict[str, Any]) -> str:
  """The result of `describe` as text."""
  threads = ", ".join(f"{k}={v}" for k, v in machine["threads"].items())
  versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items())
  return (
    f"{machine['processor']}, {machine['cores']} cores,"
    f" {machine['memory'] / 2**30:.0f} GiB; {machine['system']}; Python"
    f" {machine['python']}, {versions}; threads: {threads or 'library defaults'}."
  )


def _processor() -> str:
  info = pathlib.Path("/proc/cpuinfo")
  if info.exists():
    for line in info.read_text(encoding="utf-8").splitlines():
      if line.startswith("model name"):
        return line.split(":")[1].strip()
  return platform.processor() or platform.machine()


def _version(name: str) -> str | None:
  try:
    return importlib.metadata.version(name)
  except importlib.metadata.PackageNotFoundError:
    return None
