"""Being stopped: SIGTERM is taken as Ctrl-C, and neither cuts a save short."""

import contextlib
import signal
import threading
from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def terminate_as_interrupt() -> Iterator[None]:
  """Inside, SIGTERM raises KeyboardInterrupt."""
  with _handling({signal.SIGTERM: signal.default_int_handler}):
    yield


@contextlib.contextmanager
def deferred() -> Iterator[None]:
  """Inside, Ctrl-C and SIGTERM wait; at the end they raise KeyboardInterrupt."""
  caught = []
  wait = dict.fromkeys(_SIGNALS, lambda number, frame: caught.append(number))
  with _handling(wait):
    yield
  if caught:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _handling(handlers: dict) -> Iterator[None]:
  if threading.current_thread() is not threading.main_thread():
    yield  # Python lets the main thread alone set handlers
    return
  before = {number: signal.signal(number, to) for number, to in handlers.items()}
  try:
    yield
  finally:
    for number, handler in before.items():
      signal.signal(number, handler)
