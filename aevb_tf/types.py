"""Names for types that many signatures share.

TensorFlow, Keras and TensorFlow Probability come without types: to a type checker
`tf.Tensor`, `keras.Model` and `tfd.Distribution` are Any, and so is a union that has one
of them. The names below then say to a reader what is taken, and to a type checker nothing;
with stubs of TensorFlow installed they say it to both.

`tf.Tensor` is a tensor: its docstring has the shape and the dtype. `TensorLike` is all
that TensorFlow makes one of.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

TensorLike: TypeAlias = (
  tf.Tensor | tf.Variable | np.ndarray | np.generic | float | Sequence[Any]
)

# The shape of a batch, whose first axis may have any length: `(None, *event_shape)`.
BatchShape: TypeAlias = tuple[int | None, *tuple[int, ...]]

# Examples to look at in order: an array, or an iterable of batches `x` or `(x, y)`.
Examples: TypeAlias = tf.Tensor | np.ndarray | Iterable[Any]

# A seed of noise: an int, of which the low 64 bits count, or a pair of int32.
Seed: TypeAlias = int | Sequence[int] | np.ndarray | tf.Tensor

# A whole number that may be known only when a graph runs: an int, or an int32 scalar.
IntLike: TypeAlias = int | tf.Tensor

# The same for a real number.
FloatLike: TypeAlias = float | tf.Tensor

# The value of an attribute that is known once its layer is built. It is typed as Any, so
# that the attribute has the type that it has from then on.
NOT_BUILT: Any = None
