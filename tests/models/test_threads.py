"""One model in several threads."""

import threading

import numpy as np

from tests.models.test_vae import digits
from tests.oracle import tiny_vae

X = digits(60)


def run_together(*functions):
  """The results of the functions, each called in a separate thread."""
  results = [None] * len(functions)
  barrier = threading.Barrier(len(functions))

  def run(i):
    barrier.wait()
    results[i] = functions[i]()

  threads = [threading.Thread(target=run, args=(i,)) for i in range(len(functions))]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  return results


def compiled_vae():
  vae = tiny_vae()
  vae.compile("sgd")
  return vae


def test_evaluations_of_one_model_take_turns():
  vae = compiled_vae()

  def evaluate():
    return vae.evaluate(X, batch_size=7, verbose=0, return_dict=True)

  first = run_together(*[evaluate] * 4)  # none has been traced before
  expected = evaluate()
  assert first == [expected] * 4
  assert run_together(*[evaluate] * 4) == [expected] * 4


def test_evaluations_of_different_data_are_each_their_own():
  vae = compiled_vae()
  parts = [X[:n] for n in (60, 33, 7, 20)]

  def evaluate(x):
    return vae.evaluate(x, batch_size=7, verbose=0, return_dict=True)

  expected = [evaluate(x) for x in parts]
  assert run_together(*[lambda x=x: evaluate(x) for x in parts]) == expected


def test_predictions_beside_an_evaluation_are_right():
  vae = compiled_vae()
  expected = vae.reconstruct(X)
  score = vae.evaluate(X, batch_size=1, verbose=0)
  vae.predict(X, verbose=0)

  def predict():
    return [vae.predict(X, batch_size=7, verbose=0) for _ in range(3)]

  def evaluate():
    return [vae.evaluate(X, batch_size=1, verbose=0) for _ in range(3)]

  predictions, scores = run_together(predict, evaluate)
  for each in predictions:
    np.testing.assert_allclose(each, expected, rtol=1e-5)
  assert scores == [score] * 3
