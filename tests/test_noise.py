"""No number of noise is used twice, by any path of the package.

Noise is a function of a key and a counter. Everything that a model does is run once here,
with one seed for all of it, while every draw is recorded: which words of which key. Tests
of values cannot see a word that serves two purposes.
"""

import ast
import contextlib
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import imputation, random, tasks
from aevb_tf.data import orders
from aevb_tf.export import signatures
from aevb_tf.tasks.diagnosis import QUICK
from tests import stats
from tests.models.test_vae import digits

ROOT = pathlib.Path(aevb.__file__).parent
SHAPE, DIM = (3, 2, 1), 2
X = digits(12, SHAPE)


class Recorder:
  """Which counters of which keys have been drawn, and by what."""

  def __init__(self):
    self.drawn = {}
    self.twice = []

  def add(self, key, counter, what):
    words = [np.asarray(word) for word in (*key, *counter)]
    for word in zip(*(w.ravel() for w in np.broadcast_arrays(*words)), strict=True):
      if word in self.drawn:
        self.twice.append((word, self.drawn[word], what))
      self.drawn[word] = what


@pytest.fixture
def recorder(monkeypatch):
  """Records all draws; everything runs eagerly, op by op."""
  created, threefry = Recorder(), random.threefry2x32
  created.what = "before"

  def recorded(key, counter):
    symbolic = any(tf.is_symbolic_tensor(word) for word in (*key, *counter))
    # What Keras is shown of data in memory is traced, and never run.
    if not symbolic and np.min(counter[1]) >= 0:  # others make keys
      created.add(key, counter, created.what)
    return threefry(key, counter)

  def one_by_one(function, numbers):
    return tf.stack([function(number) for number in numbers])

  monkeypatch.setattr(random, "threefry2x32", recorded)
  monkeypatch.setattr(random.tf, "vectorized_map", one_by_one)
  tf.config.run_functions_eagerly(True)
  yield created
  tf.config.run_functions_eagerly(False)


pytestmark = [
  pytest.mark.filterwarnings("ignore:Even though the .tf.config"),
  # Of few samples: what is tested is which noise they take.
  pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning"),
  pytest.mark.filterwarnings("ignore::aevb_tf.imputation.ImputationWarning"),
  pytest.mark.filterwarnings("ignore::aevb_tf.tasks.restoration.RestorationWarning"),
]


@contextlib.contextmanager
def all_different(recorder):
  yield
  assert len(recorder.drawn) > 100
  assert not recorder.twice, recorder.twice[:3]


def networks(posterior="gaussian"):
  keras.utils.set_random_seed(0)
  return (
    aevb.networks.MLPEncoder(DIM, (3,), posterior=posterior),
    aevb.networks.MLPDecoder(SHAPE, (3,)),
  )


def fitted(recorder, model, data, **options):
  optimizer = keras.optimizers.Adam(0.01, **options)
  model.compile(optimizer, run_eagerly=True)
  recorder.what = "fit"
  model.fit(data, epochs=2, verbose=0)
  recorder.what = "compiled again"
  model.compile("adam", run_eagerly=True)
  model.fit(data, initial_epoch=2, epochs=3, verbose=0)
  recorder.what = "evaluate"
  model.evaluate(X, verbose=0)


def requests(recorder, model, **evidence):
  """What a trained model answers, all with one seed."""
  requested = {
    "sample": lambda: model.sample(5, seed=0, draw=True),
    "elbo": lambda: model.elbo(X, seed=0),
  }
  for name, options in evidence.items():
    method = {"name": name, **options}
    requested[name] = lambda method=method: model.log_marginal(X[:3], method, seed=0)
  if hasattr(model, "encoder"):
    lengths = {"num_samples": 2, "num_chains": 2, "burn_in": 2, "refine_steps": 2}
    requested["denoise"] = lambda: tasks.denoise(
      model, X[:3], {"name": "gaussian", "scale": 0.5}, seed=0, **lengths
    )
  if hasattr(model, "impute"):
    gaps = np.where(X[:3] > 0.5, np.nan, X[:3])
    for i, method in enumerate(imputation.names()):
      for num in (1, 2):  # the mean and draws, which are of the same samples of z
        given = {"method": method, "num_samples": 3, "seed": 10 * i + num}
        requested[f"{method}, {num}"] = lambda num=num, given=given: model.impute(
          gaps, num, **given
        )
  if hasattr(model, "diagnose"):
    binary = np.float32(X > 0.5)
    requested["diagnose"] = lambda: model.diagnose(
      binary, binary, checks=QUICK, num_examples=5, seed=30
    )
  for name, ask in requested.items():
    recorder.what = name
    ask()


def binarized(recorder):
  """The same seed as the model's; each epoch has its own order and binarization."""
  recorder.what = "fixed"
  aevb.data.ArrayDataset(0.5 * X, binarization="fixed", seed=0)
  return aevb.data.ArrayDataset(
    0.5 * X, batch_size=4, shuffle=True, binarization="stochastic", seed=0
  )


# Two of whatever is counted, and a third where the ends differ from the middle.
ANNEALED = {"num_samples": 2, "num_temperatures": 3, "leapfrog_steps": 1}
POSTERIOR_DENSITY = {"num_samples": 4, "num_chains": 2, "burn_in": 2, "thinning": 2}


@pytest.mark.parametrize(
  "prior, start",
  [
    ("standard_normal", "encoder"),
    ("mixture", "prior"),
    ("vamp", "encoder"),
    ("maf", "prior"),
  ],
)
def test_a_vae(recorder, prior, start):
  encoder, decoder = networks()
  bound = aevb.bounds.ImportanceWeighted(2, num_samples=2)
  with all_different(recorder):
    model = aevb.VAE(encoder, decoder, prior=prior, bound=bound, seed=0)
    fitted(recorder, model, binarized(recorder), gradient_accumulation_steps=4)
    requests(
      recorder,
      model,
      importance={"num_samples": 7},
      annealed={**ANNEALED, "start": start},
      posterior_density={**POSTERIOR_DENSITY, "start": start, "candidates": 12},
    )
    recorder.what = "bidirectional"
    method = aevb.evidence.Annealed(**ANNEALED, start=start)
    aevb.evidence.bidirectional(model, 3, method, seed=0)
    recorder.what = "exported"
    seed = tf.constant([1, 0])
    created = signatures.build(model, num_importance_samples=3)
    created["sample"].function(tf.constant(3), seed)
    created["elbo"].function(tf.constant(X), seed)
    created["log_marginal"].function(tf.constant(X), seed)


@pytest.mark.parametrize("posterior", ["full_gaussian", "iaf", "gumbel"])
def test_other_posteriors(recorder, posterior):
  with all_different(recorder):
    bound = aevb.bounds.SGVB("A", 2)
    model = aevb.VAE(*networks(posterior), bound=bound, seed=0)
    fitted(recorder, model, X)
    requests(recorder, model, importance={"num_samples": 3})


@pytest.mark.parametrize("prior", ["standard_normal", "mixture"])
def test_wake_sleep(recorder, prior):
  with all_different(recorder):
    model = aevb.WakeSleep(*networks(), prior=prior, num_samples=2, seed=0)
    fitted(recorder, model, X)
    requests(recorder, model, importance={"num_samples": 3})


def test_full_vb(recorder):
  with all_different(recorder):
    model = aevb.FullVB(*networks(), dataset_size=12, num_weight_samples=2, seed=0)
    fitted(recorder, model, X)
    requests(recorder, model, importance={"num_samples": 3})
    recorder.what = "to_vae"
    model.to_vae(seed=0)


@pytest.mark.parametrize("persistent", [None, 2])
@pytest.mark.parametrize("candidates", [1, 12])
def test_monte_carlo_em(recorder, persistent, candidates):
  with all_different(recorder):
    model = aevb.MonteCarloEM(
      networks()[1],
      DIM,
      num_samples=2,
      num_transitions=3,
      leapfrog_steps=1,
      num_updates=2,
      persistent_transitions=persistent,
      candidates=candidates,
      dataset_size=12,
      seed=0,
    )
    data = aevb.data.ArrayDataset(X, np.arange(12), batch_size=5, shuffle=True)
    fitted(recorder, model, data)
    recorder.what = "reconstruct"
    model.reconstruct(X)
    recorder.what = "infer"
    model.infer(X, 2, seed=0)
    recorder.what = "r_hat"
    model.r_hat(X, 2, seed=1)
    recorder.what = "sample"
    model.sample(5, seed=0, draw=True)
    recorder.what = "annealed"
    model.log_marginal(X[:3], {"name": "annealed", **ANNEALED}, seed=0)


def test_the_recorder_sees_a_draw_that_is_made_twice(recorder):
  seed = random.derive(0, random.Purpose.ELBO)
  random.normal(seed, tf.range(3), 2)
  recorder.what = "again"
  random.uniform(seed, tf.constant([2]), 1)
  assert [twice[1:] for twice in recorder.twice] == [("before", "again")]


# Purposes.


def test_every_purpose_has_its_own_counters():
  words = {}
  for purpose in random.Purpose:
    assert purpose.word < 0
    if purpose.word != -1:
      assert words.setdefault(purpose.word, purpose) is purpose
  children = [random.derive(0, purpose).numpy() for purpose in random.Purpose]
  hashed = {
    tuple(child)
    for child, purpose in zip(children, random.Purpose, strict=True)
    if purpose.word != -1
  }
  assert len(hashed) == len(words)
  assert not hashed & {tuple(random.fold_in(0, i).numpy()) for i in range(100)}


def test_a_purpose_that_is_not_counted_takes_no_index():
  with pytest.raises(ValueError, match="Purpose.TRAIN is not counted"):
    random.derive(0, random.Purpose.TRAIN, 3)


def calls(path):
  """The names of functions that a module calls."""
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.Call):
      function = node.func
      yield getattr(function, "attr", getattr(function, "id", None)), node


def test_nothing_in_the_package_folds_a_bare_number():
  folders = (ROOT, pathlib.Path(signatures.__file__).parent)
  modules = {path for folder in folders for path in folder.rglob("*.py")}
  for path in modules - {ROOT / "random.py"}:
    for name, node in calls(path):
      assert name not in ("fold_in", "stateless_normal", "stateless_uniform"), path
      if name == "derive":
        assert ast.unparse(node.args[1]).startswith(("Purpose.", "purpose")), path


# What noise that was used twice did.


def test_a_mixture_s_component_says_nothing_of_the_first_pixel(seeds):
  """Two components, far apart; each pixel is black or white by a toss, whatever z is."""
  encoder, decoder = networks()
  prior = {"name": "mixture", "num_components": 2}
  vae = aevb.VAE(encoder, decoder, prior=prior, bound=aevb.bounds.SGVB("A"), seed=0)
  vae.prior.means.assign([[-100.0] * DIM, [100.0] * DIM])
  for variable in decoder.trainable_variables:
    variable.assign(tf.zeros_like(variable))
  z, x = vae.draw(seeds(), tf.range(20_000))
  right = z[:, 0].numpy() > 0
  for of_component in (x.numpy()[right], x.numpy()[~right]):
    ones = of_component.reshape(len(of_component), -1)
    for pixel in range(ones.shape[1]):
      stats.assert_frequency(ones[:, pixel].sum(), len(ones), 0.5)


def test_no_epoch_has_the_order_of_a_split():
  split = orders.held_out(50, 5)
  order = np.concatenate([split["test"], split["train"]])
  assert not any(np.array_equal(order, orders.permutation(50, 0, i)) for i in range(9))
