"""Whether XLA pays on a CPU, where `jit_compile="auto"` leaves the choice to us.

On an accelerator it does, and Keras says so. On a CPU it fuses what lies between the
matrix products of perceptrons, about a quarter of a step; its convolutions are many
times slower than TensorFlow's own; and it compiles for seconds, which short epochs do
not win back. How many epochs a fit has does not count: one that goes on in another
process takes the same choice, and so rounds as an uninterrupted one.
"""

import math

import keras

# Operations of an epoch, about 0.5 s on two cores.
_LEAST_OPERATIONS = 5e10


def pays(parts: list[tuple[keras.Model, int]], num_weights: int, epoch: int) -> bool:
  """Whether to compile training with XLA.

  Args:
    parts: The networks of a model, and on how many rows each works for one datum.
    num_weights: How many numbers the model learns, in networks or elsewhere.
    epoch: Data of an epoch.
  """
  dense = [(_size(network), rows) for network, rows in parts]
  if sum(size for size, _ in dense) != num_weights:
    return False  # convolutions, flows, mixtures: not known to gain
  # Forward, and twice as much backward; a product and a sum for each weight.
  return 6 * epoch * sum(size * rows for size, rows in dense) >= _LEAST_OPERATIONS


def _size(network):
  """How many weights the dense layers of a network have."""
  return sum(
    math.prod(weight.shape)
    for layer in network._flatten_layers()
    if isinstance(layer, keras.layers.Dense)
    for weight in layer.trainable_weights
  )
