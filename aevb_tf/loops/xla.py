"""Whether XLA makes training on a CPU faster, for `jit_compile="auto"`.

On an accelerator Keras chooses XLA. On a CPU it fuses the operations between the matrix
products of perceptrons, which are about a quarter of a step. But its convolutions are
many times slower than TensorFlow's, and compilation takes seconds, more than it saves
if epochs are short. The choice does not depend on the number of epochs, so that a fit
that is resumed in another process makes the same choice, and rounds as an uninterrupted
one.
"""

import math

import keras

# Operations of an epoch, about 0.5 s on two cores.
_LEAST_OPERATIONS = 5e10


def pays(parts: list[tuple[keras.Model, int]], num_weights: int, epoch: int) -> bool:
  """Whether to compile training with XLA.

  Args:
    parts: The networks of a model, and the rows that each computes for one example.
    num_weights: Number of all trainable weights but those of the likelihood.
    epoch: Number of examples in an epoch.
  """
  dense = [(_size(network), rows) for network, rows in parts]
  if sum(size for size, _ in dense) != num_weights:
    return False  # convolutions, flows, mixtures: no known gain
  # Forward, and twice as much backward; a product and a sum for each weight.
  return 6 * epoch * sum(size * rows for size, rows in dense) >= _LEAST_OPERATIONS


def _size(network):
  """Number of weights in the dense layers of a network."""
  return sum(
    math.prod(weight.shape)
    for layer in network._flatten_layers()
    if isinstance(layer, keras.layers.Dense)
    for weight in layer.trainable_weights
  )
