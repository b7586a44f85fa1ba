"""Runs calls in TensorFlow. A script: it imports nothing else that knows the model."""

import sys

import call_file
import tensorflow as tf


def main(artifact: str, *arguments: str) -> None:
  """Loads a SavedModel and answers a file of calls; see `call_file.answer`."""
  signatures = tf.saved_model.load(artifact).signatures

  def run(signature, inputs):
    outputs = signatures[signature](**{k: tf.constant(v) for k, v in inputs.items()})
    return {name: value.numpy() for name, value in outputs.items()}

  # TensorFlow itself imports Keras.
  call_file.answer(run, *arguments, foreign={"tensorflow_probability", "aevb_tf"})


if __name__ == "__main__":
  main(*sys.argv[1:])
