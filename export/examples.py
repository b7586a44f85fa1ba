"""Takes the first examples of some data for an export, and checks them."""

import numpy as np

from aevb_tf.data.first import first_examples
from aevb_tf.export.signatures import ExportableModel
from aevb_tf.types import Examples


def take(vae: ExportableModel, data: Examples, most: int, what: str) -> np.ndarray:
  """The first examples, checked.

  Args:
    vae: The model that they are for.
    data: Array `[n, *event_shape]`, or an iterable of batches `x` or `(x, y)`, such as
      `aevb_tf.data.load` gives.
    most: The largest number to take.
    what: Their name in error messages.

  Returns:
    float32 `[at most `most`, *event_shape]`.

  Raises:
    ValueError: There are no examples, or the model cannot score them.
  """
  x = first_examples(data, most, what)
  if x.dtype == np.uint8:  # images, as training takes them
    x = x / np.float32(255)
  x = x.astype(np.float32)
  vae.check_data(x)
  return x
