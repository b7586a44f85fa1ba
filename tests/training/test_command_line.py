"""The console scripts, as a user meets them: in processes of their own."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from aevb_tf.training.run_folder import RunFolder
from aevb_tf.training.train import train
from tests.training import runs

_BIN = pathlib.Path(sys.executable).parent
_CHANGES = [
  "--config.binarization=stochastic",
  "--config.learning_rate_schedule=cosine",
  "--config.plots=false",
]


def _command(program, *argv):
  return [str(_BIN / program), *map(str, argv)]


def _run(program, *argv):
  return subprocess.run(
    _command(program, *argv), capture_output=True, text=True, timeout=300
  )


@pytest.mark.parametrize(
  ("program", "parts"),
  [
    (
      "aevb-train",
      ["--config=NAME_OR_FILE", "  mnist_paper  MNIST as", "--config.latent_dim=20"],
    ),
    ("aevb-evaluate", ["--workdir=DIR", "--split"]),
  ],
)
def test_help_is_worth_reading(program, parts):
  ended = _run(program, "--help")
  assert ended.returncode == 0
  assert ended.stderr == ""
  for part in parts:
    assert part in ended.stdout


def test_flags_are_read_without_tensorflow():
  code = (
    "import sys\n"
    "sys.argv = ['aevb-train']\n"
    "from aevb_tf.training import train_main, evaluate_main\n"
    "train_main.main(['aevb-train', '--help'])\n"
    "evaluate_main.main(['aevb-evaluate', '--help'])\n"
    "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras', 'matplotlib')))"
  )
  ended = subprocess.run([sys.executable, "-c", code], capture_output=True)
  assert ended.returncode == 0, ended.stderr.decode()


@pytest.mark.parametrize(
  ("argv", "message"),
  [
    ("--workdir=w", "--config is missing"),
    ("--config=test", "--workdir is missing"),
    ("--config=test --wrokdir=w", "--wrokdir: unknown flag. Did you mean workdir?"),
    ("--config=mnits --workdir=w", "Did you mean mnist"),
    ("--config=test --workdir=w --config.epoch=3", "Did you mean epochs?"),
    ("--config=test --workdir=w --config.epochs=-3", "config.epochs=-3"),
    ("--config=test --workdir=w more", "more: not a flag"),
    ("--config=test --workdir=w --config.activation=tahn", "Did you mean tanh"),
  ],
)
def test_a_mistake_takes_one_line_and_leaves_nothing(tmp_path, argv, message):
  ended = subprocess.run(
    _command("aevb-train", *argv.split()),
    capture_output=True,
    text=True,
    cwd=tmp_path,
    timeout=300,
  )
  assert ended.returncode == 2
  assert message in ended.stderr
  assert ended.stderr.startswith("aevb-train: ")
  assert ended.stderr.count("\n") == 1
  assert ended.stdout == ""
  assert list(tmp_path.iterdir()) == []


def test_evaluate_refuses_what_is_no_run(tmp_path):
  ended = _run("aevb-evaluate", f"--workdir={tmp_path}")
  assert ended.returncode == 2
  assert "no run lies there" in ended.stderr
  assert ended.stderr.count("\n") == 1


def _wait_for_epochs(folder, number, process):
  deadline = time.monotonic() + 240
  while len(folder.history()) < number:
    assert process.poll() is None, process.stderr.read()
    assert time.monotonic() < deadline
    time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_run_which_the_same_command_ends(tmp_path, number):
  epochs = 20
  folder = RunFolder(tmp_path / "run")
  argv = ["--config=test", f"--workdir={folder.path}", *_CHANGES]
  command = _command("aevb-train", *argv, f"--config.epochs={epochs}")
  process = subprocess.Popen(
    command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
  )
  _wait_for_epochs(folder, 3, process)
  os.kill(process.pid, number)
  _, stderr = process.communicate(timeout=120)
  assert process.returncode == 130
  assert "Traceback" not in stderr
  epoch, damaged = folder.newest_checkpoint()
  assert 3 <= epoch < epochs
  assert damaged == []
  assert f"the state after {epoch} epochs" in stderr
  assert stderr.rstrip().endswith(" ".join([process.args[0], *argv, f"{command[-1]}"]))
  if number == signal.SIGTERM:
    return
  # To its end, which is that of a run that nobody stopped.
  ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
  assert ended.returncode == 0, ended.stderr
  assert f"going on after epoch {epoch} of {epochs}" in ended.stdout
  train(runs.config(epochs=epochs), tmp_path / "straight")
  assert runs.same(runs.state(folder.path), runs.state(tmp_path / "straight"))
  assert runs.history(folder.path) == runs.history(tmp_path / "straight")


def test_a_run_says_what_it_does_and_what_comes_next(tmp_path):
  ended = _run("aevb-train", "--config=test", f"--workdir={tmp_path}/a b")
  assert ended.returncode == 0, ended.stderr
  assert ended.stderr == ""
  assert "training for 2 epochs of digits, 4,000 examples" in ended.stdout
  assert f"  {tmp_path}/a b/plots/samples.png\n" in ended.stdout
  following = ended.stdout.split("Next:\n")[1].splitlines()
  assert len(following) == 3
  assert f"aevb-evaluate --workdir='{tmp_path}/a b'" in following[0]

  ended = _run("aevb-evaluate", f"--workdir={tmp_path}/a b", "--split=train")
  assert ended.returncode == 0, ended.stderr
  assert "train split, 4,000 examples" in ended.stdout
  written = json.loads((tmp_path / "a b" / "evaluation-train.json").read_text())
  assert f"{written['elbo']:.2f}  nats per datum" in ended.stdout


def test_what_is_not_finite_is_told_without_a_stack_trace(tmp_path):
  blows_up = ["--config.optimizer=sgd", "--config.learning_rate=1e30"]
  ended = _run("aevb-train", "--config=test", f"--workdir={tmp_path}", *blows_up)
  assert ended.returncode == 1
  assert "Traceback" not in ended.stderr
  assert "epoch" in ended.stderr
  assert "epoch-00000.keras" in ended.stderr
