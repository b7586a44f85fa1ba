"""Runs calls in LiteRT. A script: it imports nothing of TensorFlow or this package."""

import sys

import call_file
from ai_edge_litert.interpreter import Interpreter


def main(artifact: str, *arguments: str) -> None:
  """Loads a `.tflite` file and answers a file of calls; see `call_file.answer`."""
  interpreter = Interpreter(model_path=artifact, num_threads=1)

  def run(signature, inputs):
    return interpreter.get_signature_runner(signature)(**inputs)

  call_file.answer(run, *arguments, foreign={"tensorflow", "keras", "aevb_tf"})


if __name__ == "__main__":
  main(*sys.argv[1:])
