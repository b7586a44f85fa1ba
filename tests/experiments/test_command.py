"""`python -m experiments`, as a user meets it."""

import pathlib
import shutil
import subprocess
import sys

import pytest

import experiments
from aevb_tf import quiet
from experiments import __main__


def command(*argv):
  """What the command gives, without the notes that TensorFlow writes as it loads."""
  ended = subprocess.run(
    [sys.executable, "-m", "experiments", *map(str, argv)],
    capture_output=True,
    text=True,
    timeout=300,
  )
  lines = ended.stderr.splitlines(keepends=True)
  ended.stderr = "".join(line for line in lines if not quiet.is_note(line.encode()))
  return ended


def test_help_lists_every_experiment():
  ended = command("--help")
  assert (ended.returncode, ended.stderr) == (0, "")
  for name in experiments.EXPERIMENTS:
    assert f"\n  {name} " in ended.stdout
  assert "python -m experiments results" in ended.stdout


@pytest.mark.parametrize(
  "argv, message",
  [
    (["figure2", "--workdir=x"], "figure2: no such experiment. Did you mean"),
    (["figure5"], "--workdir is missing"),
    (["figure5", "figure4", "--workdir=x"], "one experiment at a time"),
    (["figure5", "--workdir=x", "--scale=huge"], "huge"),
    (["figure5", "--workdir=x", "--sclae=full"], "Did you mean scale?"),
  ],
)
def test_a_mistake_is_reported_in_one_line(argv, message):
  ended = command(*argv)
  assert ended.returncode == 2
  assert message in ended.stderr
  assert len(ended.stderr.strip().splitlines()) == 1


def test_results_are_updated_by_command(tmp_path, capsys):
  page = pathlib.Path(experiments.__file__).parents[1] / "RESULTS.md"
  to = tmp_path / "RESULTS.md"
  shutil.copy(page, to)
  argv = ["results", f"--from={tmp_path / 'tables'}", f"--to={to}"]
  assert __main__.run(__main__.parse(argv)) == 0
  assert capsys.readouterr() == (f"{to}\n", "")
  text = to.read_text("utf-8")
  assert text.startswith("# Results")
  assert "Not run yet." in text
