"""What `fit` and `evaluate` print of a model's metrics."""

import re

import keras
import numpy as np
import pytest

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


def test_the_bar_has_no_loss_that_is_the_elbo(vae, capsys):
  vae.fit(X, verbose=1)
  printed = capsys.readouterr().out
  assert "elbo: -" in printed and "loss" not in printed
  vae.evaluate(X, verbose=1)
  printed = capsys.readouterr().out
  assert "elbo: -" in printed and "loss" not in printed


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
