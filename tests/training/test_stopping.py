"""Signals: SIGTERM is as Ctrl-C, and what must not be cut short is not."""

import os
import signal
import threading

import pytest

from aevb_tf.training import stopping


def test_sigterm_is_an_interrupt_inside_and_itself_again_outside():
  before = signal.getsignal(signal.SIGTERM)
  with pytest.raises(KeyboardInterrupt), stopping.terminate_as_interrupt():
    os.kill(os.getpid(), signal.SIGTERM)
  assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_deferred_signal_comes_when_the_work_is_done(number):
  done = []
  before = signal.getsignal(number)
  with pytest.raises(KeyboardInterrupt), stopping.deferred():
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), number)
    done.append("the work")
  assert done == ["the work"]
  assert signal.getsignal(number) is before


def test_without_a_signal_nothing_comes():
  with stopping.deferred():
    pass


def test_other_threads_do_not_change_the_handlers():
  seen = []

  def work():
    with stopping.deferred(), stopping.terminate_as_interrupt():
      seen.append(signal.getsignal(signal.SIGTERM))

  thread = threading.Thread(target=work)
  thread.start()
  thread.join()
  assert seen == [signal.getsignal(signal.SIGTERM)]
