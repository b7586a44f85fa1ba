"""RESULTS.md: current, and right where it compares."""

import pathlib
import re
import shutil

import numpy as np
import pytest

import experiments
from aevb_tf import networks
from aevb_tf.training.configuration import ConfigError
from experiments import files, questions
from experiments.choices import Choice
from experiments.figure3 import LESS_AEVB
from experiments.published import FIGURE2_FREY, FIGURE2_MNIST, FIGURE3
from experiments.results import compared, few_data, figure2, figure3, page, seeds
from experiments.results import markdown as md
from experiments.sweep import Point

ROOT = pathlib.Path(experiments.__file__).parents[1]
PAGE = (ROOT / "RESULTS.md").read_text("utf-8")


def point(**changes):
  fields = {
    "method": "aevb",
    "settings": "paper",
    "dataset": "mnist",
    "binarization": "grey",
    "train_examples": 0,
    "latent_dim": 20,
    "step": 0.02,
    "chosen": "yes",
    "samples": 10**6,
    "quantity": "bound",
    "train": -123.0,
    "train_error": 0.25,
    "test": -124.0,
    "test_error": 0.26,
    "seconds": 130.0,
    "device": "CPU",
  }
  return Point(**fields | changes)


def test_the_page_is_current():
  """`python -m experiments results` would write what is there."""
  assert page.fill(PAGE, ROOT / "docs" / "results") == PAGE


def test_a_page_is_stale_when_a_table_has_changed(tmp_path):
  """In any of its blocks, and back again when the table is as before."""
  for path in (ROOT / "docs" / "results").glob("*.csv"):
    shutil.copy(path, tmp_path)
  for path in tmp_path.glob("*.csv"):
    before = path.read_text("utf-8")
    header, *rows = before.splitlines(keepends=True)
    path.write_text("".join([header, *rows[: len(rows) // 2]]), "utf-8")
    stale = page.fill(PAGE, tmp_path)
    assert stale != PAGE, path
    path.write_text(before, "utf-8")
    assert page.fill(stale, tmp_path) == PAGE


@pytest.mark.parametrize(
  "before, after",
  [
    ("<!-- begin figure4.models -->", "<!-- begin figure9.models -->"),
    ("<!-- begin figure4.models -->", "<!-- start figure4.models -->"),
    ("<!-- begin figure4.models -->", "<!-- begin figure5.models -->"),
  ],
)
def test_a_page_has_every_block_once(before, after, tmp_path):
  assert before in PAGE
  with pytest.raises(ConfigError, match="each block once.*: figure4.models"):
    page.fill(PAGE.replace(before, after), tmp_path)


def test_a_page_is_not_made_up(tmp_path):
  to = tmp_path / "OTHER.md"
  with pytest.raises(ConfigError, match="OTHER.md: no such page"):
    page.write(tmp_path, to)
  assert not to.exists()


def test_every_link_of_the_page_leads_somewhere():
  links = re.findall(r"\]\(([^)#]+)\)", PAGE)
  local = [link for link in links if "://" not in link]
  assert local
  for link in local:
    assert (ROOT / link).exists(), link


def test_the_page_has_every_experiment():
  for name in experiments.EXPERIMENTS:
    assert f"    python -m experiments {name} --workdir=" in PAGE
    assert f"](docs/results/{name}.png)" in PAGE


def test_what_is_not_run_is_said(tmp_path):
  text = page.fill(PAGE, tmp_path)
  assert text.count("Not run yet.") == len(page.BLOCKS)
  assert "| AEVB |" not in text


def test_a_table_is_taken_over_from_a_workdir(tmp_path):
  workdir, folder = tmp_path / "work", tmp_path / "docs"
  files.write_csv(workdir / "figure5.csv", [point()])
  (workdir / "figure5.png").write_bytes(b"picture")
  to = tmp_path / "RESULTS.md"
  to.write_text(PAGE, "utf-8")
  page.write(folder, to, str(workdir))
  assert (folder / "figure5.png").read_bytes() == b"picture"
  text = to.read_text("utf-8")
  assert "| mnist | 20 | 1e6 | 0.02 |" in text
  assert text.count("Not run yet.") == len(page.BLOCKS) - 1
  page.write(folder, to)  # the tables are there now
  assert to.read_text("utf-8") == text


def line(text, *begins):
  (found,) = [
    row for row in text.splitlines() if row.startswith("| " + " | ".join(begins))
  ]
  return [cell.strip() for cell in found.strip("|").split("|")]


def test_our_result_is_shown_with_the_published():
  points = [point(), point(samples=10**7, test=-103.3)]
  text = compared.with_published(points, FIGURE2_MNIST)
  assert line(text, "20", "AEVB", "test", "1e6") == [
    "20", "AEVB", "test", "1e6", "−124.2", "−124.0", "+0.2", "0.26", "2 min"
  ]  # fmt: skip
  assert line(text, "20", "AEVB", "test", "1e7")[5:7] == ["−103.3", "+1.4"]
  assert line(text, "3", "AEVB", "test", "1e6")[5] == "not run"


def test_a_shorter_curve_is_compared_at_its_end():
  text = compared.with_published([point(), point(samples=10**7)], FIGURE2_MNIST)
  assert line(text, "20", "AEVB", "test", "1e8")[5:7] == ["−124.0 at 1e7", ""]
  few = [point(train_examples=1000, latent_dim=3, test=-144.2)]
  text = compared.with_published(few, FIGURE3, by="train_examples")
  assert line(text, "1,000", "AEVB", "test")[3:7] == [
    "6e7", "−143.2", "−144.2 at 1e6", ""
  ]  # fmt: skip
  end = [point(samples=59_955_000, train_examples=1000, latent_dim=3, test=-144.2)]
  text = compared.with_published(end, FIGURE3, by="train_examples")
  assert line(text, "1,000", "AEVB", "test")[5:7] == ["−144.2", "−1.0"]
  assert line(text, "50,000", "AEVB", "test")[5] == "not run"


def test_a_longer_curve_without_the_point_is_not_compared():
  text = compared.with_published([point(samples=2 * 10**6)], FIGURE2_MNIST)
  assert line(text, "20", "AEVB", "test", "1e6")[5] == "not run"


SPREAD = seeds.Spread(3.0, "Two seeds differ")


@pytest.mark.parametrize(
  "value, within, far",
  [
    (-121.3, 1, ""),  # the paper reads -124.2
    (-127.1, 1, ""),
    (
      -121.1,
      0,
      "Our value is higher by more than that at 1 point: 20 latents at 1e6 (+3.1).",
    ),
    (
      -127.3,
      0,
      "Our value is lower by more than that at 1 point: 20 latents at 1e6 (−3.1).",
    ),
    (
      -100.0,
      0,
      "Our value is higher by more than that at 1 point: 20 latents at 1e6 (+24.2).",
    ),
  ],
)
def test_a_difference_from_the_paper_is_held_against_the_seeds(value, within, far):
  """To both sides: far above the paper is as little its curve as far below."""
  text = figure2.beside_paper([point(test=value)], FIGURE2_MNIST, SPREAD)
  first, _ = text.split("\n\n")
  assert first.startswith("Two seeds differ by 3.0 nats.")
  assert f"At {within} of 1 point, our value and the paper's differ by no more" in first
  assert far in first
  assert ("our curve is not the paper's" in first) == (within == 0)
  assert "Points that were not run yet: 9." in first
  assert "better" not in first


def test_without_another_seed_nothing_is_resolved():
  first, _ = figure2.beside_paper([point()], FIGURE2_MNIST).split("\n\n")
  assert "No other seed was run" in first and "within" not in first


def test_the_spread_is_the_range_over_seeds(tmp_path):
  assert seeds.measured(tmp_path) == ""
  assert seeds.of_figure2_mnist(tmp_path) is seeds.of_figure3(tmp_path) is None
  assert seeds.between_methods(tmp_path) == {}
  rows = [
    Choice(seeds.SEED, answer, ours, "bound", 10**6, value, 0.3)
    for answer, ours, value in (("0", "yes", -115.8), ("1", "no", -118.8))
  ]
  rows.append(Choice("another question", "2", "no", "bound", 10**6, -500.0, 0.3))
  files.write_csv(tmp_path / "choices.csv", rows)
  points = [
    of_few(method=method, settings=settings, train=train, test=test)
    for method, settings, train, test in (
      ("aevb", "paper", -113.0, -137.0),
      ("aevb", "seed 1", -112.0, -137.5),
      ("aevb", "step size 0.02", -200.0, -200.0),
      ("mcem", "paper", -113.0, -137.0),
      ("mcem", "seed 1", -115.0, -137.2),
    )
  ]
  points += [
    of_few(method="mcem", quantity=LESS_AEVB, settings=s, train=train, test=test)
    for s, train, test in (("paper", 0.0, 0.0), ("seed 1", -3.0, 0.3))
  ]
  files.write_csv(tmp_path / "few_data.csv", points)
  assert seeds.of_figure2_mnist(tmp_path).nats == pytest.approx(3.0)
  spreads = seeds.of_log_marginals(tmp_path)
  assert {key: spread.nats for key, spread in spreads.items()} == pytest.approx(
    {
      ("aevb", "train"): 1.0,
      ("aevb", "test"): 0.5,
      ("mcem", "train"): 2.0,
      ("mcem", "test"): 0.2,
    }
  )
  assert seeds.of_figure3(tmp_path) == spreads["mcem", "train"]
  between = seeds.between_methods(tmp_path)
  assert (between["train"].nats, between["test"].nats) == pytest.approx((3.0, 0.3))
  lines = seeds.measured(tmp_path)
  assert len(lines.splitlines()) == 7
  assert (
    "- For AEVB with 20 latents after 1e6 samples, the test bounds with seeds 0 and 1"
    " differ by 3.0 nats.\n"
  ) in lines


def test_the_questions_about_seeds_and_splits_are_asked():
  requested = {a.question: a.job for a in questions.paper("", 10**6)}
  assert requested[seeds.SEED].run.config.latent_dim == 20
  assert requested[seeds.SPLIT].run.config.latent_dim == 10


@pytest.mark.parametrize(
  "hidden, latent_dim, num_examples", [(500, 20, 60_000), (100, 3, 1000)]
)
def test_what_is_said_of_the_prior_of_the_encoder(hidden, latent_dim, num_examples):
  """Half the sum of squares of weights of variance 0.01, per example."""
  encoder = networks.MLPEncoder(latent_dim, hidden_units=(hidden,))
  encoder(np.zeros((1, 28, 28, 1), np.float32))
  share = 0.5 * 0.01 * encoder.count_params() / num_examples
  assert f"{share:.1g} nats" in PAGE


def test_the_narrow_start_has_a_separate_table():
  points = [point(), point(settings="narrow start", test=-125.3)]
  assert figure2.narrow_start(points[:1], FIGURE2_MNIST) == ""
  assert "A narrow start, which the paper does not have" in PAGE
  for block, value in (
    (figure2.beside_paper, "−124.0"),
    (figure2.narrow_start, "−125.3"),
  ):
    text = block(points, FIGURE2_MNIST)
    assert line(text, "20", "AEVB", "test", "1e6")[5] == value


def test_the_frey_faces_are_held_against_another_split():
  at = {"latent_dim": 10, "samples": 10**7, "dataset": "frey_face"}
  spread = seeds.Spread(459.0, "Two splits differ")
  near = figure2.beside_paper([point(test=1261.0, **at)], FIGURE2_FREY, spread)
  far = figure2.beside_paper([point(test=1671.0, **at)], FIGURE2_FREY, spread)
  assert near.startswith("Two splits differ by 459.0 nats.")
  assert (
    "At 1 of 1 point, our value and the paper's differ by no more than that" in near
  )
  assert "higher by more than that at 1 point: 10 latents at 1e7 (+500.0)." in far


def test_wake_sleep_is_compared_at_equal_samples():
  points = [
    point(),
    point(samples=2 * 10**6, test=-115.0),
    point(method="wake_sleep", test=-130.0),
  ]
  assert line(compared.wake_sleep_below(points), "20") == [
    "20", "1e6", "−124.0", "−130.0", "+6.0", "1 of 1"
  ]  # fmt: skip


def test_the_chosen_step_is_marked():
  points = [
    point(samples=samples, step=step, train=value, chosen=chosen)
    for samples, step, value, chosen in (
      (200_000, 0.1, -248.0, "no"),
      (200_000, 0.01, -145.0, "no"),
      (10**6, 0.01, -123.3, "no"),
      (10**6, 0.02, -122.9, "yes"),
      (10**7, 0.02, -103.0, "yes"),
    )
  ]
  assert line(compared.steps(points), "20") == [
    "20", "all", "AEVB", "−123.3 at 1e6", "**−122.9 at 1e6**", "−248.0 at 2e5"
  ]  # fmt: skip


def test_the_samples_that_are_saved_are_counted():
  def modern(samples, test):
    return point(settings="modern", samples=samples, test=test, step=0.001)

  curve = [modern(10**6, -105.0), modern(2 * 10**6, -100.1), modern(4 * 10**6, -99.0)]
  text = figure2.modern([point(), *curve], FIGURE2_MNIST)
  assert "after 2e6 samples" in text
  assert "50 times fewer" in text
  assert "Only one seed was run" in text
  assert "not yet" in figure2.modern([point(), *curve[:1]], FIGURE2_MNIST)
  assert figure2.modern([point()], FIGURE2_MNIST) == ""


def of_few(**changes):
  few = {"train_examples": 1000, "quantity": "log_marginal", "latent_dim": 3}
  return point(samples=6 * 10**7, **few | changes)


def test_methods_are_ordered_beside_the_papers_order():
  points = [
    of_few(train=-109.0, test=-143.0),
    of_few(method="wake_sleep", train=-120.0, test=-145.0),
    of_few(method="mcem", train=-110.0, test=-142.0),
    of_few(method="mcem", quantity=LESS_AEVB, train=-1.0, test=1.0, test_error=0.1),
  ]
  text = figure3.orders(points)
  order = "MCEM (−142.0) > AEVB (−143.0) > Wake-sleep (−145.0)"
  theirs = "MCEM (−141.6) > AEVB (−143.2) > Wake-sleep (−144.8)"
  assert f"- N = 1,000, test data: {order}; in the paper, {theirs}" in text
  assert line(figure3.differences(points), "1,000", "MCEM", "−1.0") == [
    "1,000", "MCEM", "−1.0", "0.25", "+1.0", "0.10"
  ]  # fmt: skip
  points[0] = of_few(test=-141.0)
  text = figure3.orders(points)
  assert "Wake-sleep (−145.0); in the paper, MCEM (−141.6) > AEVB" in text


def test_methods_closer_than_seeds_are_not_ordered():
  points = [
    of_few(train=-109.0, test=-143.0),
    of_few(method="wake_sleep", train=-120.0, test=-146.0),
    of_few(method="mcem", train=-110.0, test=-142.0),
  ]
  between = {"test": seeds.Spread(1.5, "MCEM minus AEVB varies")}
  text = figure3.orders(points, between)
  assert (
    "- N = 1,000, test data: MCEM (−142.0) ≈ AEVB (−143.0) > Wake-sleep (−146.0)"
    in text
  )
  assert (
    "- N = 1,000, training data: AEVB (−109.0) > MCEM (−110.0) > Wake-sleep" in text
  )
  assert "MCEM minus AEVB varies by 1.5 nats. The sign ≈ joins neighbours" in text
  text = figure3.beside_paper(points, SPREAD)
  assert "At 5 of 6 points (" in text and "Points that were not run yet: 6." in text
  assert "AEVB with N = 1,000 on test data" in text


def test_each_setting_of_few_data_has_a_row():
  changed = {"settings": "step size 0.02"}
  points = [
    of_few(train=-109.0, test=-143.0),
    of_few(method="mcem", train=-110.0, test=-142.0),
    of_few(train=-112.0, test=-141.0, **changed),
    of_few(method="mcem", train=-113.0, test=-141.5, **changed),
    of_few(method="mcem", quantity=LESS_AEVB, test=1.0, test_error=0.1),
    of_few(method="wake_sleep", quantity=LESS_AEVB, test=-7.0),
    of_few(method="mcem", quantity=LESS_AEVB, test=-0.5, test_error=0.2, **changed),
  ]
  text = few_data.table(points)
  assert line(text, "published (read off)")[1:] == [
    "−109.1", "−143.2", "−109.2", "−141.6", "−125.5", "−144.8", "+1.6", ""
  ]  # fmt: skip
  assert line(text, "paper's settings, seed 0")[1:] == [
    "−109.0", "−143.0", "−110.0", "−142.0", "", "", "+1.0", "0.10"
  ]  # fmt: skip
  assert line(text, "step size 0.02")[1:] == [
    "−112.0", "−141.0", "−113.0", "−141.5", "", "", "−0.5", "0.20"
  ]  # fmt: skip
  text = few_data.summary(points)
  assert "not in figure 3 took 4 min on one thread of a CPU, in total." in text
  assert "seeds" not in text


def test_few_data_tells_the_mean_over_seeds():
  less = {"paper": -2.0, "step size 0.02": 50.0}
  less |= {f"seed {seed}": seed - 2.0 for seed in range(1, 5)}
  points = [
    of_few(method="mcem", settings=settings, quantity=LESS_AEVB, train=2.0, test=value)
    for settings, value in less.items()
  ]
  text = few_data.summary(points)
  assert "Averaged over the 5 seeds" in text
  # -2, -1, 0, 1, 2: the variance is 10 / 4, that of the mean a fifth of it.
  assert "AEVB is +2.0 ± 0.0 on training data and +0.0 ± 0.7 on test data" in text


@pytest.mark.parametrize(
  "end, verdict", [(-100.3, "does not overfit"), (-101.0, "overfits")]
)
def test_a_bound_that_falls_is_reported(end, verdict):
  points = [
    point(latent_dim=200, samples=n, test=v) for n, v in ((1, -100.0), (2, end))
  ]
  assert f"With 200 latents, AEVB {verdict}" in figure2.more_latents(points)


def test_a_step_that_failed_is_not_a_number():
  points = [point(), point(step=0.1, train=-3e9, chosen="no")]
  row = line(compared.steps(points), "20")
  assert row[3:] == ["diverged", "**−123.0 at 1e6**", "failed at 1e6"]


def test_the_time_of_all_runs_is_reported():
  points = [
    point(seconds=60.0),
    point(samples=10**7, seconds=600.0),
    point(step=0.1, chosen="no", seconds=120.0),
  ]
  text = "Training took 12 min on one thread of a CPU. This is the total"
  assert text in compared.training_time(points)
  points += [point(latent_dim=3, seconds=60.0, device="H100")]
  points += [point(latent_dim=5, seconds=120.0, device="H100, CPU")]
  assert compared.training_time(points).startswith(
    "Training took 12 min on one thread of a CPU, 1 min on a GPU (H100), and 2 min on a"
    " GPU (H100) and then on one thread of a CPU. This is the total"
  )


def test_a_time_says_that_a_gpu_took_it():
  assert md.took(180.0, "CPU") == "3 min"
  assert md.took(180.0, "H100") == md.took(180.0, "H100, CPU") == "3 min, GPU"


def test_results_of_a_smoke_run_are_not_published(tmp_path):
  files.write_csv(tmp_path / "work" / "figure5.csv", [point(dataset="digits")])
  (tmp_path / "RESULTS.md").write_text(PAGE, "utf-8")
  with pytest.raises(ConfigError, match="figure5.csv: made by --scale=smoke"):
    page.write(tmp_path / "docs", tmp_path / "RESULTS.md", str(tmp_path / "work"))
  assert list((tmp_path / "docs").iterdir()) == []


@pytest.mark.parametrize(
  "function, value, expected",
  [
    (md.samples, 10**6, "1e6"),
    (md.samples, 30_000_000, "3e7"),
    (md.samples, 250_000, "2.5e5"),
    (md.duration, 12.4, "12 s"),
    (md.duration, 3_599.0, "1 h 0 min"),
    (md.duration, 90 * 60, "1 h 30 min"),
    (md.nats, -100.06, "−100.1"),
    (md.nats, -0.04, "0.0"),
    (md.difference, 0.34, "+0.3"),
    (md.difference, -0.04, "+0.0"),
  ],
)
def test_numbers_read_well(function, value, expected):
  assert function(value) == expected
