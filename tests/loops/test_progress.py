"""What `fit` and `evaluate` print of a model's metrics."""

import io
import re
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from aevb_tf.loops import progress
from tests.models.test_vae import digits
from tests.oracle import tiny_vae

X = digits(20)


@pytest.fixture(scope="module")
def vae():
  vae = tiny_vae()
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  return vae


def test_a_line_has_metrics_in_fixed_point_and_no_loss_that_is_the_elbo(vae, capsys):
  logs = vae.fit(X, validation_data=X, epochs=2, verbose=2).history
  printed = capsys.readouterr().out
  elbo, validation = (f"{logs[k][1]:.2f}" for k in ("elbo", "val_elbo"))
  assert f"elbo {elbo} (validation {validation}), kl " in printed
  assert "loss" not in printed.replace("log_likelihood", "")
  assert not re.search(r"\de[+-]\d", printed)
  assert max(map(len, printed.splitlines())) <= 100
  assert printed.count("Epoch") == 2


def test_in_a_file_there_is_the_line_alone(vae, capsys):
  vae.fit(X, verbose=1, batch_size=5)
  printed = capsys.readouterr().out
  assert re.fullmatch(
    r"\d+\.\d s - elbo -[\d.]+, kl [\d.]+, log_\w+ -[\d.]+\n", printed
  )
  vae.evaluate(X, verbose=1)
  printed = capsys.readouterr().out
  assert re.fullmatch(
    r"\d+\.\d s - elbo -[\d.]+, kl [\d.]+, log_\w+ -[\d.]+\n", printed
  )


class _Terminal(io.StringIO):
  encoding = "utf-8"

  def isatty(self):
    return True

  def screen(self):
    """What is seen: each line after what was drawn over it."""
    lines = []
    for line in self.getvalue().split("\n"):
      seen = ""
      for text in line.split("\r"):
        seen = text + seen[len(text) :]
      lines.append(seen.rstrip())
    return lines


def test_on_a_terminal_the_bar_is_drawn_over_itself_and_replaced_by_the_line(
  vae, monkeypatch
):
  terminal = _Terminal()
  monkeypatch.setattr(sys, "stdout", terminal)
  monkeypatch.setattr(progress, "_INTERVAL", 0.0)
  monkeypatch.setenv("COLUMNS", "100")
  vae.fit(X, validation_data=X, verbose=1, batch_size=5, epochs=2)
  drawn = terminal.getvalue()
  assert re.search(r"\n\d/4 ━+─* \d\.\d s - elbo -[\d.]+, kl ", drawn)
  assert "\b" not in drawn and "loss" not in drawn.replace("log_likelihood", "")
  assert max(map(len, re.split("[\r\n]", drawn))) <= 100
  first, line, second, again, end = terminal.screen()
  assert (first, second, end) == ("Epoch 1/2", "Epoch 2/2", "")
  for seen in (line, again):
    assert re.fullmatch(
      r"\d\.\d s - elbo -[\d.]+ \(validation -[\d.]+\), kl [\d.]+ \([\d.]+\), "
      r"log_likelihood -[\d.]+ \(-[\d.]+\)",
      seen,
    )


@pytest.fixture
def bar(monkeypatch):
  monkeypatch.setattr(progress, "_INTERVAL", 0.0)
  bar = progress.Progress()
  bar.set_params({"verbose": 1, "epochs": 1, "steps": 4})
  bar.on_epoch_begin(0)
  return bar


def test_the_bar_grows(bar, monkeypatch):
  terminal = _Terminal()
  monkeypatch.setattr(sys, "stdout", terminal)
  monkeypatch.setenv("COLUMNS", "100")
  bar.on_train_batch_end(0, {"elbo": -12345.678})
  bar.on_train_batch_end(2, {"elbo": -1.5})
  first, second = terminal.getvalue().split("\r")
  assert re.fullmatch(r"1/4 ━{5}─{15} \d\.\d s - elbo -12345\.68", first)
  assert re.fullmatch(r"3/4 ━{15}─{5} \d\.\d s - elbo -1\.50    ", second)


def test_a_line_that_breaks_leaves_nothing_of_the_bar(bar, monkeypatch):
  terminal = _Terminal()
  monkeypatch.setattr(sys, "stdout", terminal)
  monkeypatch.setenv("COLUMNS", "100")
  logs = {f"metric_{i}": 1000.0 + i for i in range(7)}
  bar.on_train_batch_end(2, logs)
  bar.on_epoch_end(0, logs)
  first, second, _ = terminal.screen()
  assert first.endswith("metric_4 1004.00,")
  assert second == "    metric_5 1005.00, metric_6 1006.00"


def test_a_line_that_is_too_long_breaks_between_two_metrics(bar, capsys):
  logs = {f"{p}metric_{i}": 1000.0 + i for i in range(5) for p in ("", "val_")}
  bar.on_epoch_end(0, logs)
  first, second, end = capsys.readouterr().out.split("\n")
  assert first.endswith(
    "metric_0 1000.00 (validation 1000.00), metric_1 1001.00 (1001.00),"
  )
  metrics = ", ".join(f"metric_{i} 100{i}.00 (100{i}.00)" for i in range(2, 5))
  assert (second, end) == (f"    {metrics}", "")
  assert len(first) <= 100


def test_a_stream_of_unknown_length_has_a_count(bar, monkeypatch):
  terminal = _Terminal()
  monkeypatch.setattr(sys, "stdout", terminal)
  bar.target = None
  bar.on_train_batch_end(16, {"elbo": -1.5})
  assert terminal.getvalue().startswith("17 batches ")


@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning")
def test_the_second_epoch_of_a_stream_has_a_bar(vae, monkeypatch):
  terminal = _Terminal()
  monkeypatch.setattr(sys, "stdout", terminal)
  monkeypatch.setattr(progress, "_INTERVAL", 0.0)
  monkeypatch.setenv("COLUMNS", "100")
  stream = tf.data.Dataset.from_tensor_slices(X).batch(5).filter(lambda x: True)
  vae.fit(stream, verbose=1, epochs=2)
  first, second = terminal.getvalue().split("Epoch 2/2\n")
  assert re.search(r"\d batches \d\.\d s - elbo ", first)
  assert re.search(r"\d/4 ━+─* \d\.\d s - elbo ", second) and "batches" not in second


def test_predictions_have_a_bar_too(vae, capsys):
  vae.predict(X, batch_size=5, verbose=1)
  assert re.fullmatch(r"4/4 .{20} \d+\.\d s\n", capsys.readouterr().out)


def test_a_narrow_terminal_and_one_without_unicode(bar, monkeypatch):
  terminal = _Terminal()
  terminal.encoding = "ascii"
  monkeypatch.setattr(sys, "stdout", terminal)
  monkeypatch.setenv("COLUMNS", "40")
  bar.on_train_batch_end(2, {"elbo": -1.5, "kl": 2.5})
  assert terminal.getvalue().startswith("3/4 ===============----- ")
  assert len(terminal.getvalue()) == 39


def test_evaluation_prints_a_line_too_and_nothing_where_nothing_is_wanted(vae, capsys):
  result = vae.evaluate(X, verbose=2, return_dict=True)
  assert f"elbo {result['elbo']:.2f}, kl " in capsys.readouterr().out
  vae.evaluate(X, verbose=0)
  vae.fit(X, verbose=0)
  assert capsys.readouterr().out == ""


def test_a_progress_bar_of_the_user_s_own_is_the_only_one(vae, capsys):
  vae.fit(X, verbose=2, callbacks=[keras.callbacks.ProgbarLogger()])
  assert "loss: " in capsys.readouterr().out


def test_numbers_of_every_size():
  logs = {"a": -1234.567, "b": 0.12345, "c": 0.0, "d": 3e-5, "loss": np.float32(2)}
  assert progress.line(logs) == "a -1234.57, b 0.1235, c 0.00, d 3.0e-05, loss 2.00"


@pytest.mark.parametrize("stdout", ["tee", "closed"])
def test_an_output_need_not_be_a_file(vae, monkeypatch, stdout):
  """An object that only writes, as of a class that copies into a log; and none."""
  written = []
  tee = types.SimpleNamespace(write=written.append, flush=lambda: None)
  monkeypatch.setattr(sys, "stdout", tee if stdout == "tee" else None)
  vae.fit(X, verbose=1)
  vae.evaluate(X, verbose=1)
  vae.predict(X, verbose=1)
  assert stdout == "closed" or "elbo" in "".join(written)


def test_logs_need_not_be_numbers():
  logs = {"loss": 1.0, "vector": np.array([1.0, 3.0]), "none": None, "word": "best"}
  assert progress.line(logs) == "loss 1.00, vector 2.00, none None, word best"
