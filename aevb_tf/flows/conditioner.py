"""The network inside a step of a flow: numbers in, a shift and a log-scale out.

For autoregressive flows it is masked (MADE): output j sees inputs 1 ... j-1 alone.
Every hidden unit has a degree d in 0 ... J-1 and sees inputs up to d; output j sees
units of degree below j. Units of degree 0 see only the context, if there is one.

The last layer starts at zero: a new flow is the identity.

References:
  Germain et al. MADE: masked autoencoder for distribution estimation. ICML 2015.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

# Scales stay in exp(+-5) for one step, so that no chain of a few overflows.
_MOST_LOG_SCALE = 5.0


@keras.saving.register_keras_serializable(package="aevb_tf.flows")
class Conditioner(keras.layers.Layer):
  """A small tanh network from `[..., num_inputs]` to a shift and a log-scale.

  Args:
    num_inputs: Numbers that it sees.
    num_outputs: Numbers that are shifted and scaled.
    hidden_units: Width of each hidden layer.
    context_size: Length of what it sees besides, without a mask; 0 for none.
    autoregressive: Whether output j sees only inputs before it.
  """

  def __init__(
    self,
    num_inputs: int,
    num_outputs: int,
    hidden_units: tuple[int, ...] = (64,),
    context_size: int = 0,
    autoregressive: bool = False,
    **kwargs: Any,
  ):
    kwargs.setdefault("dtype", "float32")
    super().__init__(**kwargs)
    self.num_inputs, self.num_outputs = num_inputs, num_outputs
    self.hidden_units = tuple(hidden_units)
    self.context_size = context_size
    self.autoregressive = autoregressive
    self.build()

  def build(self, input_shape: tuple[int | None, ...] | None = None) -> None:
    widths = (self.num_inputs, *self.hidden_units, 2 * self.num_outputs)
    self.masks = self._masks() if self.autoregressive else [1.0] * (len(widths) - 1)
    self.kernels, self.biases = [], []
    for i, shape in enumerate(zip(widths, widths[1:], strict=False)):
      last = i == len(widths) - 2
      initializer = "zeros" if last else keras.initializers.GlorotUniform()
      self.kernels.append(self._weight(shape, initializer, f"kernel_{i}"))
      self.biases.append(self._weight(shape[1:], "zeros", f"bias_{i}"))
    if self.context_size:
      shape = (self.context_size, widths[1])
      self.context_kernel = self._weight(shape, "glorot_uniform", "context_kernel")

  def _weight(self, shape, initializer, name):
    # Within the call of a model of mixed precision, densities stay float32.
    return self.add_weight(shape, initializer, autocast=False, name=name)

  def parameters(
    self, z: tf.Tensor, context: tf.Tensor | None = None
  ) -> tuple[tf.Tensor, tf.Tensor]:
    """The shift and the log-scale.

    Args:
      z: float32 `[..., num_inputs]`.
      context: float32 `[..., context_size]`, of a batch shape that broadcasts.

    Returns:
      Two float32 tensors `[..., num_outputs]`.
    """
    h = z
    layers = list(zip(self.kernels, self.biases, self.masks, strict=True))
    for i, (kernel, bias, mask) in enumerate(layers):
      h = tf.tensordot(h, kernel * mask, 1) + bias
      if i == 0 and self.context_size:
        h += tf.tensordot(context, tf.convert_to_tensor(self.context_kernel), 1)
      if i < len(layers) - 1:
        h = tf.tanh(h)
    shift, log_scale = tf.split(h, 2, axis=-1)
    return shift, _MOST_LOG_SCALE * tf.tanh(log_scale / _MOST_LOG_SCALE)

  def _masks(self) -> list[np.ndarray]:
    degrees = [np.arange(1, self.num_inputs + 1)]
    degrees += [np.arange(width) % self.num_inputs for width in self.hidden_units]
    pairs = zip(degrees, degrees[1:], strict=False)
    masks = [before[:, np.newaxis] <= after for before, after in pairs]
    outputs = np.tile(np.arange(1, self.num_outputs + 1), 2)
    masks.append(degrees[-1][:, np.newaxis] < outputs)
    return [mask.astype(np.float32) for mask in masks]

  def get_config(self):
    return {
      **super().get_config(),
      "num_inputs": self.num_inputs,
      "num_outputs": self.num_outputs,
      "hidden_units": self.hidden_units,
      "context_size": self.context_size,
      "autoregressive": self.autoregressive,
    }
