"""The code of the benchmarks; their timings are not tested."""

import importlib
import json
import runpy
import subprocess
import sys
import time

import numpy as np
import pytest
import scipy.stats

from benchmarks import __main__ as command
from benchmarks import growth, machine, rounds, suite, table, worker
from benchmarks.rounds import Contender, Run

HERE = "tests.test_benchmarks"


def sleeper(seconds=0.0):
  """A contender that sleeps, and counts its runs."""
  state = {"runs": 0}

  def run():
    state["runs"] += 1
    time.sleep(seconds)
    return dict(state)

  print("what libraries print is no answer")
  return run


def broken():
  raise RuntimeError("out of order")


def quick(name, **options):
  return Contender(name, f"{HERE}:sleeper", options)


def test_contenders_run_in_turn_each_in_its_own_process():
  found = list(rounds.runs([quick("a", seconds=0.4), quick("b")], 3))
  order = "".join(run.contender for run in found)
  assert order == "ab" + "ab" + "ba" + "ab"
  for name, seconds in (("a", 0.4), ("b", 0.0)):
    own = [run for run in found if run.contender == name]
    assert [run.round for run in own] == [0, 1, 2, 3]
    assert [run.more["runs"] for run in own] == [1, 2, 3, 4]  # one process
    # To sleep costs no processor time, whatever else the process does.
    assert all(run.wall >= seconds and run.cpu < 0.2 for run in own)
    assert all(run.peak > 2**20 for run in own)


def test_a_contender_that_fails_is_named_with_its_last_words():
  contenders = [quick("a"), Contender("b", f"{HERE}:broken")]
  with pytest.raises(rounds.ContenderFailed, match="b ended with 1(.|\n)*out of order"):
    list(rounds.runs(contenders, 1))


def test_what_a_contender_needs_and_is_not_there_is_named():
  needs = (
    "json",
    "no_such_package",
    "$PATH",
    "$NO_SUCH",
    "command sh",
    "command no-sh",
  )
  missing = Contender("a", "", {}, needs).missing()
  assert missing == ["no_such_package", "$NO_SUCH", "command no-sh"]


@pytest.mark.filterwarnings("ignore:dynamo_pgo force disabled:UserWarning")
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_what_torch_compiles_is_what_it_computes_eagerly(monkeypatch):
  """The loss of three steps, and with it the updates between them."""
  torch = pytest.importorskip("torch", reason="torch is not installed")
  from torch._inductor import config

  from benchmarks.training import torch_loops, workload

  def images(self):
    drawn = np.random.default_rng(0).random((self.num_examples, *self.event_shape))
    return np.uint8(255 * (drawn < 0.1))

  monkeypatch.setattr(workload.Workload, "images", images)
  options = {"num_examples": 20, "batch_size": 20, "hidden_units": 8, "latent_dim": 2}
  found = []
  with config.patch(fallback_random=True):  # the noise of eager
    for train in (torch_loops.eager, torch_loops.compiled):
      torch.manual_seed(0)
      epoch = train(**options)
      found.append([epoch()["elbo"] for _ in range(3)])
  assert len(set(found[0])) == 3
  np.testing.assert_allclose(found[1], found[0], rtol=1e-5)


def test_every_training_has_torch_compile_and_eager():
  for benchmark in suite.BENCHMARKS.values():
    named = {c.name: c for c in benchmark.contenders}
    if benchmark.name.startswith("training") or "torch.compile" in named:
      assert named["torch.compile"].options == named["PyTorch"].options
      assert named["torch.compile"].target != named["PyTorch"].target
      assert "command g++" in named["torch.compile"].needs


def run_of(name, number, wall):
  return Run(name, number, wall, 2 * wall, 2**20 * (number + 1), {})


def test_ratios_are_taken_within_rounds():
  """The machine is twice as slow in the second round: ratios do not see it."""
  walls = {"ours": (9.0, 1.0, 2.0, 3.0), "theirs": (5.0, 2.0, 4.0, 5.0)}
  found = [run_of(n, i, wall) for n, of in walls.items() for i, wall in enumerate(of)]
  both = tuple(Contender(name, "") for name in walls)
  compared = suite.Benchmark("x", "", both, {"theirs": 0.5})
  ours, theirs = table.rows(compared, found)
  assert ours.wall == (2.0, 1.0, 3.0) and ours.first == 9.0 and ours.ratio is None
  assert theirs.ratio == (0.5, 0.5, 0.6) and theirs.reached
  assert theirs.peak == 4 * 2**20 and theirs.cpu.median == 8.0
  assert "| theirs | 4 | 2 to 5 | 8 | 5 | 4 | 0.50 |" in table.lines([ours, theirs])
  assert json.loads(json.dumps(table.as_json(theirs)))["reached"] is True
  missed = table.rows(suite.Benchmark("x", "", both, {"theirs": 0.4}), found)[1]
  assert not missed.reached and "missed" in table.lines([missed])


def test_slopes_are_those_of_powers(tmp_path):
  assert growth.slope([1, 10, 100], [3, 30, 300]) == pytest.approx(1.0)
  assert growth.slope([1, 10, 100], [5, 500, 50_000]) == pytest.approx(2.0)
  grown = growth.GROWTHS["growth_latent_dim"]
  found = [
    run_of(contender.name, i, float(size))
    for size, contender in zip(grown.sizes, grown.contenders, strict=True)
    for i in (0, 1)
  ]
  rows = table.rows(grown, found)
  assert "Slope of the time: 1.00" in growth.lines(grown, rows)
  with open(tmp_path / "growth.png", "wb") as file:
    growth.plot({grown.name: rows}, file)
  assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_every_benchmark_has_a_unique_name_and_targets_that_run():
  assert not set(suite.BENCHMARKS) & set(growth.GROWTHS)
  for benchmark in (*suite.BENCHMARKS.values(), *growth.GROWTHS.values()):
    names = [contender.name for contender in benchmark.contenders]
    assert len(set(names)) == len(names) > 1
    assert set(benchmark.wanted) <= set(names[1:])


def test_seconds_are_of_one_repeat_and_of_its_processes():
  asleep = worker.run(worker.repeated(lambda: time.sleep(0.01), seconds=0.1))
  repeats = asleep["more"]["repeats"]
  assert asleep["wall"] >= 0.01 and repeats * asleep["wall"] >= 0.1
  busy = [sys.executable, "-c", "sum(range(20_000_000))"]
  child = worker.run(lambda: subprocess.run(busy, check=True))
  assert child["cpu"] > 0.05


def test_products_are_taken_the_given_number_of_times():
  import tensorflow as tf  # not above: contenders import this module

  from benchmarks import products

  count = tf.Variable(0)
  try:
    products.repeated(lambda: [count.assign_add(1)], 7)()
    options = tf.config.optimizer.get_experimental_options()
  finally:
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})
  assert int(count) == 7
  assert options["disable_meta_optimizer"]  # else what does not change is taken out


def test_the_command_writes_what_it_measured(monkeypatch, tmp_path, capsys):
  absent = Contender("absent", "", {}, ("no_such_package", "$NO_SUCH_VARIABLE"))
  two = suite.Benchmark("two", "to sleep", (quick("ours"), quick("theirs"), absent))
  monkeypatch.setattr(command, "_ALL", {"two": two})
  assert command.main(["two", "--rounds=1", f"--json={tmp_path / 'out.json'}"]) == 0
  printed = capsys.readouterr().out
  assert "A run is to sleep." in printed
  assert "absent: skipped, it needs no_such_package, $NO_SUCH_VARIABLE." in printed
  assert printed.startswith(machine.line(machine.describe()))
  result = json.loads((tmp_path / "out.json").read_text())
  assert result["machine"] == json.loads(json.dumps(machine.describe()))
  assert [row["contender"] for row in result["benchmarks"]["two"]["rows"]] == [
    "ours",
    "theirs",
  ]


def test_a_family_is_all_its_benchmarks(monkeypatch, capsys):
  for members in command._FAMILIES.values():
    assert set(members) <= set(command._ALL) and len(members) > 1
  assert not set(command._FAMILIES) & set(command._ALL)
  both = {n: suite.Benchmark(n, "to sleep", (quick("a"), quick("b"))) for n in "xy"}
  monkeypatch.setattr(command, "_ALL", both)
  monkeypatch.setattr(command, "_FAMILIES", {"xs": ("x", "y")})
  assert command.main(["x", "xs", "--rounds=1"]) == 0
  printed = capsys.readouterr().out
  assert (printed.count("## x"), printed.count("## y")) == (1, 1)


@pytest.mark.parametrize("name", suite.FAMILIES["answers"])
def test_answers_are_right_before_they_are_timed(name, monkeypatch):
  """Each contender checks its answer against NumPy as it prepares; then it runs."""
  monkeypatch.setattr(worker, "repeated", lambda answer, seconds=0.0: answer)
  for contender in suite.BENCHMARKS[name].contenders:
    module, function = contender.target.split(":")
    prepare = getattr(importlib.import_module(module), function)
    options = dict(contender.options)
    if "batch_size" in options:
      options["batch_size"] = 40
    prepare(**options)()


@pytest.mark.parametrize(
  ("words", "message"),
  [
    (["trainin"], "unknown benchmark 'trainin'. Did you mean training?"),
    (["answer"], "unknown benchmark 'answer'. Did you mean answers?"),
    (["training", "--rounds=0"], "--rounds=0: must be at least 1"),
  ],
)
def test_impossible_commands_end_in_one_line(words, message, capsys):
  with pytest.raises(SystemExit) as ended:
    command.main(words)
  assert ended.value.code == 2 and message in capsys.readouterr().err


@pytest.mark.parametrize(
  "words", [("import", "--json"), ("growth_latent_dim", "--plot")]
)
def test_a_file_that_cannot_be_written_takes_one_line(words, tmp_path):
  name, flag = words
  command_line = [sys.executable, "-m", "benchmarks", name, f"{flag}={tmp_path}"]
  ended = subprocess.run(command_line, capture_output=True, text=True)
  assert ended.returncode == 1
  assert ended.stderr == f"python -m benchmarks: {tmp_path}: Is a directory.\n"


def test_an_error_of_a_run_is_not_reported_as_one_of_a_file(monkeypatch):
  def fail(*args):
    raise BrokenPipeError

  monkeypatch.setattr(rounds, "runs", fail)
  monkeypatch.setattr(sys, "argv", ["benchmarks", "import", "--rounds=1"])
  with pytest.raises(BrokenPipeError):
    runpy.run_path(command.__file__, run_name="__main__")


def test_the_densities_of_the_loop_of_a_table_are_those_of_scipy():
  torch = pytest.importorskip("torch", reason="torch is not installed")
  from benchmarks.tables import torch_loop

  rng = np.random.default_rng(0)
  location, log_scale = rng.normal(size=(2, 9, 3))
  x, theta = rng.normal(size=(9, 3)), rng.uniform(3, 30, size=3)
  counts, mean = rng.poisson(5, size=(9, 3)), np.exp(location)
  params = np.concatenate([location, log_scale], axis=1)

  def found(density, *arrays):
    return density(*map(torch.from_numpy, arrays)).numpy()

  np.testing.assert_allclose(
    found(torch_loop._student_t, x, params, theta),
    scipy.stats.t.logpdf(x, theta, location, np.exp(log_scale)),
  )
  np.testing.assert_allclose(
    found(torch_loop._normal, x, params),
    scipy.stats.norm.logpdf(x, location, np.exp(log_scale)),
  )
  np.testing.assert_allclose(
    found(torch_loop._negative_binomial, counts, location, theta),
    scipy.stats.nbinom.logpmf(counts, theta, theta / (theta + mean)),
  )
