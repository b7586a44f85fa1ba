"""The imputation benchmark: its masks, its measures, its methods, and its page."""

import math

import numpy as np
import pytest

import experiments
from experiments import figure, files, imputation, imputers, incomplete
from experiments.imputation import Imputation, Setting
from experiments.imputers import Filled
from experiments.incomplete import Table
from experiments.results import imputation as page
from tests import stats

WINE = Setting("wine", "MCAR", 0.5)
MIXED = Table(np.array([[0.5, 2], [-1.0, 0], [1.5, 1], [0.0, 2]]), (0, 3))


@pytest.mark.parametrize("name", incomplete.TABLES)
def test_real_columns_are_standardized_and_levels_are_codes(name):
  table = incomplete.load(name)
  assert table.x.shape[1] == len(table.levels)
  assert np.isfinite(table.x).all()
  for column, count in zip(table.x.T, table.levels, strict=True):
    if count:
      assert set(column) == set(range(count))
    else:
      np.testing.assert_allclose((column.mean(), column.std()), (0, 1), atol=1e-9)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_mcar_hides_the_share(share, seeds):
  hidden = incomplete.hide(np.zeros((4000, 3)), "MCAR", share, seeds())
  for column in hidden.T:
    stats.assert_mean(np.float64(column), share)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_mar_depends_on_kept_columns_alone(share, seeds):
  rng = np.random.default_rng(seeds())
  x = rng.normal(size=(4000, 4))
  hidden = incomplete.hide(x, "MAR", share, seeds(1))
  kept = ~hidden.any(axis=0)
  assert kept.sum() == 2
  for column in hidden[:, ~kept].T:
    stats.assert_mean(np.float64(column), share)
  # The hidden values do not change the mask, and the kept ones do.
  other = np.where(kept, x, rng.normal(size=x.shape))
  assert (incomplete.hide(other, "MAR", share, seeds(1)) == hidden).all()
  other = np.where(kept, rng.normal(size=x.shape), x)
  assert (incomplete.hide(other, "MAR", share, seeds(1)) != hidden).any()


def test_masks_differ_and_can_be_repeated():
  x = incomplete.load("iris").x
  first, again, second = (incomplete.hide(x, "MCAR", 0.5, mask) for mask in (0, 0, 1))
  assert (first == again).all() and (first != second).any()


def test_measures_are_those_of_the_hidden_values():
  hidden = np.array([[True, True], [True, True], [False, False], [False, True]])
  filled = MIXED.x.copy()
  filled[0] = 1.5, 0  # off by 1, and wrong
  filled[1, 0] = 1.0  # off by 2
  filled[2] = 9, 9  # observed: does not count
  found = imputation.measure(Filled(filled), MIXED, hidden)
  assert found["rmse"] == pytest.approx(math.sqrt((1 + 4) / 2))
  assert found["error_rate"] == pytest.approx(1 / 3)
  assert math.isnan(found["coverage"])
  draws = np.tile(MIXED.x, (19, 1, 1))
  draws[:, 0, 0] = np.linspace(0, 1, 19)  # holds 0.5
  draws[:, 1, 0] = np.linspace(0, 1, 19)  # does not hold -1
  assert imputation.measure(Filled(filled, draws), MIXED, hidden)["coverage"] == 0.5


@pytest.mark.parametrize("num_draws", [20, 100])
def test_exact_draws_have_coverage_90(num_draws, seeds):
  """With few draws, too."""
  rng = np.random.default_rng(seeds())
  table = Table(rng.normal(size=(5000, 1)), (0,))
  draws = rng.normal(size=(num_draws, 5000, 1))
  found = [
    imputation.measure(Filled(draws[0], draws), table, row == np.arange(5000)[:, None])
    for row in range(2000)
  ]
  stats.assert_mean(np.array([each["coverage"] for each in found]), 0.9)


def test_the_center_is_the_mean_or_the_most_frequent_level():
  draws = np.array([[[1.0, 2]], [[2.0, 0]], [[6.0, 2]]])
  np.testing.assert_array_equal(imputers.center(draws, MIXED), [[3, 2]])


@pytest.mark.parametrize("name", [m for m in imputers.METHODS if m != imputers.OURS])
def test_a_method_keeps_what_is_observed_and_fills_in_the_rest(name):
  if name == "miceforest":
    pytest.importorskip("miceforest")
  table = incomplete.load("iris")
  is_hidden = incomplete.hide(table.x, "MCAR", 0.2, 0)
  fill = imputers.METHODS[name](table)
  filled = fill(np.where(is_hidden, np.nan, table.x), 0).x
  np.testing.assert_allclose(filled[~is_hidden], table.x[~is_hidden])
  found = imputation.measure(Filled(filled), table, is_hidden)
  assert found["rmse"] < 1.1  # column means have 1
  assert found["error_rate"] < 0.8  # a guess has 2/3
  assert set(filled[:, 4]) <= {0, 1, 2}


def test_column_means_have_the_standard_deviation_as_error():
  table = incomplete.load("iris")
  is_hidden = np.zeros(table.x.shape, bool)
  is_hidden[:50, 0] = True
  fill = imputers.METHODS["column means"](table)
  filled = fill(np.where(is_hidden, np.nan, table.x), 0)
  expected = np.sqrt(np.mean((table.x[:50, 0] - table.x[50:, 0].mean()) ** 2))
  assert imputation.measure(filled, table, is_hidden)["rmse"] == pytest.approx(expected)


@pytest.fixture
def short(monkeypatch):
  """Trains for few epochs."""
  monkeypatch.setattr(imputers, "_EPOCHS", 2)


def test_imputations_by_the_model_can_be_repeated(short):
  """After other masks, too: a run that is resumed gives the same numbers."""
  table = incomplete.load("digits")
  is_hidden = incomplete.hide(table.x, "MCAR", 0.5, 0)
  x = np.where(is_hidden, np.nan, table.x)
  fill = imputers.Ensemble(table)
  first, other, again = fill(x, 0), fill(x, 1), fill(x, 0)
  np.testing.assert_array_equal(first.draws, again.draws)
  assert (first.draws != other.draws).any()
  assert np.isfinite(first.x).all()
  shown = np.broadcast_to(x, first.draws.shape)[:, ~is_hidden]
  np.testing.assert_array_equal(first.draws[:, ~is_hidden], np.float32(shown))


def test_the_command_resumes_and_leaves_a_table_and_a_picture(
  tmp_path, monkeypatch, short
):
  methods = {k: v for k, v in imputers.METHODS.items() if k != "miceforest"}
  monkeypatch.setattr(imputers, "METHODS", methods)
  table, picture = figure.make("imputation", imputation.figure("smoke", ""), tmp_path)
  rows = files.read_csv(table, Imputation)
  assert [row.method for row in rows] == list(methods)
  assert picture.read_bytes().startswith(b"\x89PNG")
  before = table.read_text()
  monkeypatch.setattr(imputers, "METHODS", dict.fromkeys(methods))  # none is called
  figure.make("imputation", imputation.figure("smoke", ""), tmp_path)
  assert table.read_text() == before


def rows_of(method, values, setting=WINE, **changes):
  nan = float("nan")
  fields = {"error_rate": nan, "coverage": nan, "seconds": 1.0, **changes}
  return [
    Imputation(*setting, mask, method, rmse=value, **fields)
    for mask, value in enumerate(values)
  ]


def test_means_and_standard_errors_are_over_masks():
  rows = rows_of("kNN", [1.0, 2.0, 3.0])
  key = (Setting("wine", "MCAR", 0.5), "kNN")
  assert imputation.over_masks(rows, "rmse") == {key: pytest.approx((2, 1 / 3**0.5))}
  assert imputation.over_masks(rows, "error_rate") == {}


def test_the_page_marks_the_lowest_and_says_who_is_better():
  boston = Setting("boston", "MAR", 0.2)
  ours = rows_of(imputers.OURS, [0.5, 0.7], coverage=0.9)
  rows = [*ours, *rows_of("kNN", [0.55, 0.57])]  # 0.6 +- 0.1 and 0.56 +- 0.01
  rows += rows_of(imputers.OURS, [0.5, 0.5], boston, coverage=0.8)
  rows += rows_of("miceforest", [0.4, 0.4], boston)
  assert "| 0.600 ± 0.100 | **0.560 ± 0.010** |" in page.errors(rows)
  text = page.summary(rows)
  assert "means over 2 masks" in text
  assert "In 1 of 2 settings, the VAE has the lowest RMSE or is" in text
  assert "better: boston, MAR, 20% (miceforest)." in text
  assert "between 80% and 90% of the hidden values, and 88% to 92% in 1 of 2" in text
  assert "| boston | MAR | 20% | 0.800 ± 0.000 |" in page.coverage(rows)


def test_the_published_number_is_beside_ours():
  setting = Setting("breast cancer", "MCAR", 0.5)
  assert page.squared_error(rows_of(imputers.OURS, [0.5])) == ""
  text = page.squared_error(rows_of(imputers.OURS, [0.5, 0.6], setting))
  assert "Ours is 0.305 ± 0.055 over 2 masks" in text


def test_the_experiment_is_known():
  assert "imputation" in experiments.EXPERIMENTS
