"""Handling of SIGTERM and Ctrl-C, neither of which interrupts a save."""

import contextlib
import signal
import threading
from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def terminate_as_interrupt() -> Iterator[None]:
  """In this context, SIGTERM raises KeyboardInterrupt."""
  with _handling({signal.SIGTERM: signal.default_int_handler}):
    yield


@contextlib.contextmanager
def deferred() -> Iterator[None]:
  """Defers Ctrl-C and SIGTERM to the end of the context: KeyboardInterrupt."""
  caught = []
  wait = dict.fromkeys(_SIGNALS, lambda number, frame: caught.append(number))
  with _handling(wait):
    yield
  if caught:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _handling(handlers: dict) -> Iterator[None]:
  if threading.current_thread() is not threading.main_thread():
    yield  # only the main thread can set handlers
    return
  before = {number: signal.signal(number, to) for number, to in handlers.items()}
  try:
    yield
  finally:
    for number, handler in before.items():
      signal.signal(number, handler)
