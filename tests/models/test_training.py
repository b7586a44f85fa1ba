"""Keras' loops: data of every kind, seeds, resuming, errors, precision, replicas."""

from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.loops import resident
from tests.models.test_vae import digits
from tests.oracle import put_back, state, tiny_vae


def compiled(**options):
  vae = tiny_vae(**options)
  vae.compile(keras.optimizers.Adam(0.01))
  return vae


def weights(vae):
  return [v.numpy() for v in vae.trainable_variables]


def assert_same(a, b):
  """Of two lists of arrays."""
  for u, v in zip(a, b, strict=True):
    np.testing.assert_array_equal(u, v)


class Batches(keras.utils.PyDataset):
  def __init__(self, x):
    super().__init__()
    self.x = x

  def __len__(self):
    return len(self.x) // 10

  def __getitem__(self, i):
    return self.x[10 * i : 10 * i + 10], np.zeros(10)


def sources(x):
  labels = np.zeros(len(x), np.int32)
  dataset = tf.data.Dataset.from_tensor_slices
  return {
    "array": (x, {"batch_size": 10, "shuffle": False}),
    "tensor": (tf.constant(x), {"batch_size": 10, "shuffle": False}),
    "ArrayDataset": (aevb.data.ArrayDataset(x, labels, batch_size=10), {}),
    "tf.data of pairs": (dataset((x, labels)).batch(10), {}),
    "tf.data of x": (dataset(x).batch(10), {}),
    "PyDataset": (Batches(x), {"shuffle": False}),
  }


class Reference(NamedTuple):
  """A model, and what two epochs of an array in order make of it."""

  model: Any
  start: list  # its state before
  weights: list  # after
  result: dict  # what it evaluates to then


@pytest.fixture(scope="module")
def reference():
  x, vae = digits(40), compiled()
  start = state(vae)
  vae.fit(x, batch_size=10, epochs=2, shuffle=False, verbose=0)
  result = vae.evaluate(x, return_dict=True, verbose=0)
  return Reference(vae, start, weights(vae), result)


# Sources for which the loops of `reference` need no other trace.
IN_MEMORY = ("array", "tensor", "ArrayDataset")


@pytest.mark.parametrize("name", sources(digits(10)))
def test_every_source_of_the_same_batches_trains_to_the_same_weights(name, reference):
  vae = compiled()
  if name in IN_MEMORY:
    vae = reference.model
    put_back(vae, reference.start)
  data, options = sources(digits(40))[name]
  vae.fit(data, epochs=2, verbose=0, validation_data=data, **options)
  for a, b in zip(reference.weights, weights(vae), strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
  result = vae.evaluate(data, return_dict=True, verbose=0)
  for key, value in reference.result.items():
    np.testing.assert_allclose(result[key], value, rtol=1e-4)


def trained(**options):
  vae = tiny_vae()
  vae.compile(keras.optimizers.Adam(0.01), **options)
  vae.fit(digits(40), batch_size=16, epochs=2, verbose=0)
  return weights(vae)


def test_ways_of_running_agree():
  by_graph = trained(jit_compile=False)
  by_xla = trained(jit_compile=True)
  eagerly = trained(jit_compile=False, run_eagerly=True)
  for a, *others in zip(by_graph, by_xla, eagerly, strict=True):
    for b in others:
      np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("steps", [None, 3, 7])
def test_a_fit_in_two_parts_ends_where_one_would(steps, tmp_path):
  data = aevb.data.ArrayDataset(digits(45), batch_size=10, shuffle=True, seed=1)
  options = {"verbose": 0, "steps_per_epoch": steps}
  vae = compiled()
  start = state(vae)
  vae.fit(data, epochs=4, **options)
  whole = state(vae)
  put_back(vae, start)
  vae.fit(data, epochs=2, **options)
  vae.save(tmp_path / "half.keras")
  again = aevb.load(tmp_path / "half.keras")
  again.fit(data, epochs=4, initial_epoch=2, **options)
  assert_same(whole, state(again))
  assert int(again.optimizer.iterations) == 4 * (steps or 5)


def test_backup_and_restore_continues_as_if_never_stopped(tmp_path):
  data = aevb.data.ArrayDataset(digits(40), batch_size=10, shuffle=True, seed=1)

  class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
      if epoch == 2:
        raise KeyboardInterrupt

  whole, parts = compiled(), compiled()
  whole.fit(data, epochs=5, verbose=0)
  # Fires at the end of the third epoch, before the backup of that epoch is made.
  backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
  with pytest.raises(KeyboardInterrupt):
    parts.fit(data, epochs=5, verbose=0, callbacks=[Stop(), backup])
  again = compiled()
  backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
  again.fit(data, epochs=5, verbose=0, callbacks=[backup])
  assert_same(weights(whole), weights(again))


def test_equal_seeds_train_alike_and_others_do_not(reference):
  equal, other = compiled(), compiled(seed=1)
  for vae in (equal, other):
    vae.fit(digits(40), batch_size=10, epochs=2, shuffle=False, verbose=0)
  assert_same(reference.weights, weights(equal))
  assert not np.allclose(reference.weights[0], weights(other)[0], atol=1e-7)


def test_noise_of_a_step_depends_on_its_number():
  vae = compiled(latent_dim=2)
  x = np.repeat(digits(1), 8, axis=0)
  elbos = []
  vae.optimizer.learning_rate = 0.0
  for _ in range(3):
    elbos += vae.fit(x, batch_size=8, verbose=0).history["elbo"]
  assert len(set(elbos)) == 3


def test_history_is_the_mean_over_the_epoch_and_validation_is_evaluate():
  x, test = digits(40), digits(25)
  vae = tiny_vae()
  vae.compile(keras.optimizers.SGD(0.0))
  history = vae.fit(
    x, batch_size=10, epochs=2, validation_data=(test, None), verbose=0
  ).history
  keys = {"elbo", "kl", "log_likelihood", "loss"}
  assert set(history) == keys | {f"val_{key}" for key in keys}
  expected = vae.evaluate(test, return_dict=True, verbose=0)
  for key in keys:
    np.testing.assert_allclose(history[f"val_{key}"], [expected[key]] * 2, rtol=1e-6)
  np.testing.assert_allclose(
    history["kl"][0], np.mean(vae.kl_per_dimension(x)) * 2, rtol=1e-5
  )


def test_a_callback_that_wants_every_batch_sees_every_batch(reference):
  class Count(keras.callbacks.Callback):
    def __init__(self):
      super().__init__()
      self.batches = []

    def on_train_batch_end(self, batch, logs=None):
      self.batches.append((batch, logs["elbo"]))

  vae, count = compiled(), Count()
  options = {"batch_size": 10, "epochs": 2, "shuffle": False, "verbose": 0}
  vae.fit(digits(40), callbacks=[count], **options)
  assert [batch for batch, _ in count.batches] == [*range(4)] * 2
  assert_same(reference.weights, weights(vae))


def test_steps_per_call_divides_the_epoch_where_it_can():
  assert resident.steps_per_call(40) == 40
  assert resident.steps_per_call(600) == 100
  assert resident.steps_per_call(469) == 67
  assert resident.steps_per_call(547) == 547
  assert resident.steps_per_call(10007) == 100


@pytest.mark.parametrize(
  "n, batch, steps, size",
  [(45, 10, 5, 2), (45, 10, 5, 1), (40, 10, 7, 3), (9, 4, 3, 3)],
)
def test_a_source_visits_every_example_once_a_pass(n, batch, steps, size):
  data = aevb.data.ArrayDataset(
    np.zeros((n, 2, 2, 1), np.float32), batch_size=batch, shuffle=True, seed=3
  )
  source = resident.Source(data, steps, size)
  seen, passes = [], []
  for epoch in range(4):
    for step in range(0, steps, size):
      for run in source.runs(epoch, step):
        padded = run.padded()
        assert run.num_batches == len(run.indices) == len(run.passes)
        assert (
          padded.num_batches
          == run.num_batches
          <= len(padded.indices)
          < 2 * run.num_batches
        )
        np.testing.assert_array_equal(padded.indices[: run.num_batches], run.indices)
        for row, number in zip(run.indices, run.passes, strict=True):
          seen.append(row)
          passes += [number] * len(row)
  seen = np.concatenate(seen)
  for number in range(max(passes)):
    one_pass = seen[np.array(passes) == number]
    np.testing.assert_array_equal(one_pass, data.order(number))


def test_the_compiled_step_is_traced_once_and_stays_on_the_device():
  traces = []

  class Counted(aevb.VAE):
    def bound_parts(self, *arguments, **options):
      traces.append(1)
      return super().bound_parts(*arguments, **options)

  keras.utils.set_random_seed(0)
  vae = Counted(
    aevb.networks.MLPEncoder(2, (8,)), aevb.networks.MLPDecoder((4, 3, 1), (8,)), seed=0
  )
  vae.compile("adam")
  data = aevb.data.ArrayDataset(digits(40), batch_size=10, shuffle=True)
  vae.fit(data, epochs=3, verbose=0)
  vae.fit(data, epochs=2, verbose=0)
  assert len(traces) == 1
  (loop,) = vae._device_loop.compiled.values()
  (concrete,) = loop._whole._list_all_concrete_functions()
  operations = {op.type for op in concrete.graph.get_operations()}
  for graph in concrete.graph._functions.values():
    operations |= {node.op for node in graph.cached_definition.node_def}
  assert not operations & {
    "PyFunc",
    "EagerPyFunc",
    "IteratorGetNext",
    "Print",
    "PrintV2",
  }


# Errors.


def test_non_finite_weights_are_reported_with_step_epoch_and_cause():
  class Break(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
      if epoch == 1:
        self.model.decoder.head.bias.assign(np.full(12, np.nan))

  vae = compiled()
  message = "the log-likelihood and the bound and the gradient .* step 1 of epoch 2"
  with pytest.raises(aevb.NonFiniteError, match=message):
    vae.fit(digits(40), batch_size=10, epochs=3, verbose=0, callbacks=[Break()])
  vae.reset_metrics()
  with pytest.raises(aevb.NonFiniteError, match=r"step 1 of epoch 1\."):
    vae.train_on_batch(digits(10))


def test_the_step_that_broke_is_counted_within_a_compiled_call():
  # A learning rate so large that the weights overflow after a few steps.
  vae = tiny_vae("gaussian")
  vae.compile(keras.optimizers.SGD(1e12))
  with pytest.raises(aevb.NonFiniteError, match=r"step [1-9] of epoch 1\."):
    vae.fit(digits(90), batch_size=10, epochs=1, verbose=0)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("loop", ["fit", "evaluate"])
def test_targets_outside_the_support_stop_every_loop(loop, stream):
  x = digits(40)
  x[33] = 7.0
  data = tf.data.Dataset.from_tensor_slices(x).batch(10) if stream else x
  vae = compiled()
  message = r"values out of range" if stream else "reach from 0 to 7"
  with pytest.raises(ValueError, match=f"{message}.*likelihood='gaussian'"):
    getattr(vae, loop)(data, verbose=0)


# Precision and replicas.


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("dataset_size", [None, 40])
def test_mixed_precision_trains_saves_and_loads(policy, dataset_size, tmp_path):
  before = keras.mixed_precision.dtype_policy()
  keras.mixed_precision.set_dtype_policy(policy)
  try:
    vae = compiled(dataset_size=dataset_size)
  finally:
    keras.mixed_precision.set_dtype_policy(before)
  x = digits(40)
  losses = vae.fit(x, batch_size=10, epochs=6, verbose=0).history["loss"]
  assert losses[-1] < losses[0]
  assert vae.encoder(x).dtype.name == policy.removeprefix("mixed_")
  assert vae.elbo(x, seed=0).dtype == tf.float32
  assert all(v.dtype == "float32" for v in vae.trainable_variables)
  vae.save(tmp_path / "half.keras")
  again = aevb.load(tmp_path / "half.keras")
  np.testing.assert_array_equal(again.elbo(x, seed=0), vae.elbo(x, seed=0))


def test_a_mirrored_strategy_trains_and_evaluates():
  strategy = tf.distribute.MirroredStrategy(["CPU:0"])
  with strategy.scope():
    vae = compiled()
  x = digits(40)
  losses = vae.fit(x, batch_size=10, epochs=6, verbose=0).history["loss"]
  assert losses[-1] < losses[0]
  result = vae.evaluate(x, return_dict=True, verbose=0)
  np.testing.assert_allclose(result["loss"], -result["elbo"], rtol=1e-6)
