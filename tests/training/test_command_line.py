"""The console scripts, as a user meets them: where it matters, in their own processes."""

import errno
import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from absl import flags

from aevb_tf.training import (
  command_line,
  configuration,
  evaluate_main,
  report,
  train_main,
)
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
      [
        "--config=NAME_OR_FILE",
        "\n  digits_conditional  The demo",
        "\n  mnist_paper         MNIST as",
        "--config.latent_dim=20",
      ],
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


_PROGRAMS = ("train", "evaluate", "apply", "export", "verify", "client", "serving")


@pytest.mark.parametrize("program", _PROGRAMS)
def test_help_fits_a_terminal_and_is_aligned(program):
  lines = _run(f"aevb-{program}", "--help").stdout.splitlines()
  assert max(map(len, lines)) <= 100
  for table in ("Flags:", "Installed configs:"):
    if table not in lines:
      continue
    rows = itertools.takewhile(str.strip, lines[lines.index(table) + 1 :])
    # Where the text begins, in a row with a name or in one that goes on.
    begins = {re.match(r"  (\S*)\s+(?=\S)", row).end() for row in rows}
    assert len(begins) == 1, (table, begins)


@pytest.mark.parametrize("program", ["experiments", "benchmarks"])
def test_help_of_the_modules_fits_a_terminal(program):
  words = [sys.executable, "-m", program, "--help"]
  ended = subprocess.run(words, capture_output=True, text=True, timeout=300)
  assert ended.returncode == 0
  assert f"python -m {program}" in ended.stdout
  assert max(map(len, ended.stdout.splitlines())) <= 100


def test_help_of_flags_says_defaults_and_choices():
  values = flags.FlagValues()
  flags.DEFINE_enum("kind", "a", ["a", "b"], "What kind.", flag_values=values)
  flags.DEFINE_list("names", "x,y", "Names.", flag_values=values)
  flags.DEFINE_string("to", None, "word " * 30, flag_values=values)
  kind, names, *to = command_line.flags_help(values).splitlines()
  assert kind == "  --kind   What kind. One of a, b. Default: a."
  assert names == "  --names  Names. Default: x,y."
  assert to[0].startswith("  --to     word") and to[1].startswith("           word")


def test_every_key_says_what_it_is():
  about = configuration.about_keys()
  assert set(about) == set(configuration.load("base"))
  assert [key for key, text in about.items() if not text] == []


@pytest.mark.parametrize("command", _PROGRAMS[:3])
def test_flags_are_read_without_tensorflow(command):
  code = (
    "import sys\n"
    "import aevb_tf_cli\n"
    "sys.argv = ['aevb', '--help']\n"
    "try:\n"
    f"  aevb_tf_cli.{command}()\n"
    "except SystemExit as ended:\n"
    "  assert ended.code == 0\n"
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
    ("digits", "aevb-train --config=digits --workdir=runs/digits"),
    ("mnits", "aevb-train --config=mnist --workdir=runs/mnist"),
    ("mine.py", "aevb-train --config=mine.py --workdir=runs/mine"),
    ("runs/x", "aevb-train --config=digits --workdir=runs/x"),
    ("--config=mnist", "aevb-train --config=mnist --workdir=runs/mnist"),
    ("--config=test --workdir=w --epochs=3", "Did you mean --config.epochs?"),
    ("--config=test --workdir=w --config.epochs=x", "epochs=x: not a whole number."),
    ("--config=test --workdir=w --config.learning_rate=x", "rate=x: not a number."),
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


def test_a_mistake_that_tensorflow_has_to_find_takes_one_line_too(
  tmp_path, monkeypatch, capfd
):
  words = "aevb-train --config=test --workdir=w --config.activation=tahn"
  monkeypatch.setattr(sys, "argv", words.split())
  monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")  # as it sets it, but not for good
  monkeypatch.chdir(tmp_path)
  with pytest.raises(SystemExit) as ended:
    train_main.run()
  assert ended.value.code == 2
  stdout, stderr = capfd.readouterr()
  assert stderr.startswith("aevb-train: ")
  assert "Did you mean tanh" in stderr
  assert stderr.count("\n") == 1
  assert stdout == ""
  assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
  ("program", "words", "message"),
  [
    ("evaluate", "runs/d", "aevb-evaluate --workdir=runs/d"),
    ("evaluate", "", "aevb-evaluate --workdir=DIR"),
    ("evaluate", "--workdir=w --evidence=importnce", "Did you mean importance?"),
    ("export", "runs/d", "aevb-export --workdir=runs/d --to=DIR"),
    ("export", "--workdir=w --to=x --quantize=int9", "Did you mean int8?"),
    (
      "client",
      "sample --rest=a --to=b",
      "aevb-client sample --rest=a --to=b --name=NAME",
    ),
    ("serving", "prune", "aevb-serving prune --base_path=DIR"),
  ],
)
def test_the_other_programs_give_the_command_to_type(program, words, message):
  ended = _run(f"aevb-{program}", *words.split())
  assert ended.returncode == 2
  assert message in ended.stderr
  assert ended.stderr.count("\n") == 1


def test_the_folder_of_a_run_stands_for_its_config(tmp_path):
  folder = RunFolder(tmp_path / "run")
  folder.create()
  folder.config.write_text("{}")
  command = f"aevb-train --config={folder.config} --workdir={folder.path}"
  assert f"{command}\n" in _run("aevb-train", folder.path).stderr
  ended = _run("aevb-train", f"--config={folder.path}", f"--workdir={tmp_path}")
  assert ended.stderr.endswith(f"its config is {folder.config}.\n")


def test_a_folder_that_cannot_be_written_takes_one_line(tmp_path):
  (tmp_path / "file").write_text("")
  workdir = tmp_path / "file" / "run"
  ended = _run("aevb-train", "--config=test", f"--workdir={workdir}")
  assert ended.returncode == 1
  assert ended.stderr == (
    f"aevb-train: {workdir}: Not a directory. Nothing is saved yet.\n"
  )


def test_a_full_disk_takes_one_line_that_says_what_is_kept(
  tmp_path, monkeypatch, capsys
):
  def full(file, text):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

  monkeypatch.setattr(RunFolder, "append_metrics", full)
  argv = ["aevb-train", "--config=test", f"--workdir={tmp_path / 'run'}"]
  assert train_main.main(argv) == 1
  stderr = capsys.readouterr().err
  assert stderr == (
    "aevb-train: No space left on device. Saved:"
    f" {tmp_path / 'run' / 'checkpoints' / 'epoch-00000.keras'}, the state after 0"
    " epochs.\n"
  )


@pytest.mark.parametrize(
  ("error", "line"),
  [
    (FileNotFoundError("There is no file x."), "There is no file x."),
    (BrokenPipeError(), "BrokenPipeError."),
    (OSError(errno.ENOENT, "No such file", "x"), "x: No such file."),
  ],
)
def test_an_error_of_the_system_is_one_sentence(error, line):
  assert command_line.os_error(error) == line


def test_evaluate_refuses_folders_without_a_run(tmp_path):
  ended = _run("aevb-evaluate", f"--workdir={tmp_path}")
  assert ended.returncode == 2
  assert "there is no run in this folder" in ended.stderr
  assert ended.stderr.count("\n") == 1


def _wait_for_epochs(folder, number, process):
  deadline = time.monotonic() + 240
  while len(folder.history()) < number:
    assert process.poll() is None, process.stderr.read()
    assert time.monotonic() < deadline
    time.sleep(0.05)


def test_signals_stop_a_run_which_the_same_command_ends(tmp_path, capsys):
  """A run stopped by SIGTERM and then by Ctrl-C ends like an uninterrupted run."""
  epochs, epoch = 12, 0
  folder = RunFolder(tmp_path / "run")
  argv = [f"--workdir={folder.path}", *_CHANGES, f"--config.epochs={epochs}"]
  command = _command("aevb-train", "--config=test", *argv)
  for number in (signal.SIGTERM, signal.SIGINT):
    process = subprocess.Popen(
      command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    before, least = epoch, epoch + 2
    _wait_for_epochs(folder, least, process)
    os.kill(process.pid, number)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    epoch, damaged = folder.newest_checkpoint()
    assert least <= epoch < epochs
    assert damaged == []
    assert f"the state after {epoch} epochs" in stderr
    assert stderr.rstrip().endswith(" ".join(command))
    assert (f"resuming after epoch {before} of {epochs}" in stdout) == bool(before)
  assert train_main.main(["aevb-train", *command[1:]]) == 0
  assert f"resuming after epoch {epoch} of {epochs}" in capsys.readouterr().out
  train(runs.config(epochs=epochs), tmp_path / "straight")
  assert runs.same(runs.state(folder.path), runs.state(tmp_path / "straight"))
  assert runs.history(folder.path) == runs.history(tmp_path / "straight")


def test_a_run_says_what_it_does_and_what_comes_next(tmp_path, capsys):
  folder = tmp_path / "a b"
  ended = _run("aevb-train", "--config=test", f"--workdir={folder}")
  assert ended.returncode == 0, ended.stderr
  assert ended.stderr == ""
  assert "training for 2 epochs of digits, 4,000 examples" in ended.stdout
  assert f"\n{folder}: trained for 2 epochs of digits, in " in ended.stdout
  of_epochs = [line for line in ended.stdout.splitlines() if "log_likelihood" in line]
  assert len(of_epochs) == 2 and max(map(len, of_epochs)) <= 100
  assert not re.search(r"\de[+-]\d", "".join(of_epochs))
  pictures = {
    "reconstructions.png",
    "samples.png",
    "manifold.png",
    "latent_scatter.png",
    "learning_curves.png",
    "kl_per_dimension.png",
  }
  assert {path.name for path in RunFolder(folder).plots.iterdir()} == pictures
  for name in pictures:
    assert f"  {folder}/plots/{name}\n" in ended.stdout
  following = ended.stdout.split("Next:\n")[1].splitlines()
  assert len(following) == 3
  assert f"aevb-evaluate --workdir='{folder}'" in following[0]
  assert f"aevb-export --workdir='{folder}' --to='exports/a b'" in following[2]

  argv = ["aevb-evaluate", f"--workdir={folder}", "--split=train"]
  assert evaluate_main.main(argv) == 0
  result = capsys.readouterr().out
  assert "train split, 4,000 examples" in result
  written = json.loads((folder / "evaluation-train.json").read_text())
  assert f"{written['elbo']:.2f}  nats per example" in result


def test_what_is_not_finite_is_reported_without_a_stack_trace(tmp_path, capfd):
  blows_up = ["--config.optimizer=sgd", "--config.learning_rate=1e30"]
  argv = ["aevb-train", "--config=test", f"--workdir={tmp_path}", *blows_up]
  assert train_main.main(argv) == 1
  stderr = capfd.readouterr().err
  assert "Traceback" not in stderr
  assert "epoch" in stderr
  assert "epoch-00000.keras" in stderr


def test_epochs_are_counted():
  assert [report.epochs(n) for n in (0, 1, 2)] == ["0 epochs", "1 epoch", "2 epochs"]


def test_colours_of_bernoulli_pixels_are_one_line_that_names_the_flag(tmp_path):
  colours = np.random.default_rng(0).integers(0, 256, (30, 4, 4, 3), np.uint8)
  np.savez(tmp_path / "data.npz", x=colours)
  ended = _run(
    "aevb-train",
    "--config=test",
    f"--config.dataset={tmp_path}/data.npz",
    "--config.plots=false",
    f"--workdir={tmp_path}/run",
  )
  assert ended.returncode == 0, ended.stderr
  (line,) = ended.stderr.splitlines()
  assert line.startswith("aevb-train: The data are colour images")
  assert line.endswith("Use --config.likelihood=gaussian.")
