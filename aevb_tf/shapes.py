"""The check of the shape of data, used on every path into a model.

Without it, data with another shape would often broadcast with the output of a decoder,
without an error.
"""

from collections.abc import Sequence

import tensorflow as tf

# Marks the error of this check in a graph, to distinguish it from other errors.
_NAME = "shape_of_the_data"


def of_events(
  x: tf.Tensor,
  event_shape: Sequence[int],
  in_graph: bool = False,
  name: str = "data",
) -> tf.Tensor:
  """Returns `x` after a check of its shape, now if it is static, else in the graph.

  Args:
    x: `[batch, ...]`.
    event_shape: The shape that each example must have.
    in_graph: Whether to check static shapes in the graph as well, for a graph that is
      exported, and can be called with any shape.
    name: Name of `x` in the error: "data", "latents" or "conditions".

  Returns:
    `x`, of static shape `[batch, *event_shape]`.

  Raises:
    ValueError: The static shape is wrong.
    tf.errors.InvalidArgumentError: The shape is wrong when the graph runs.
  """
  wanted = tf.TensorShape([None, *event_shape])
  if not x.shape.is_compatible_with(wanted):
    whole = x.shape == tf.TensorShape(list(event_shape))  # one example, and no batch
    given = x.shape if whole else x.shape[1:]
    raise ValueError(message(tuple(given), event_shape, name))
  if x.shape.rank is not None and x.shape[1:].is_fully_defined() and not in_graph:
    return x
  return tf.ensure_shape(x, wanted, name=_NAME)


def message(
  given: Sequence[int | None], event_shape: Sequence[int], name: str = "data"
) -> str:
  """The error message about data or latents whose examples have another shape."""
  given, event_shape = tuple(given), tuple(event_shape)
  if given == event_shape:
    return (
      f"The {name} have shape {given}, which is that of one example: pass a batch, "
      "such as x[None]."
    )
  decoder = ", or use a decoder for their shape" if name == "data" else ""
  return (
    f"The {name} have shape {given}, but the model needs {name} of shape "
    f"{event_shape}. Reshape the {name}{decoder}."
  )


def explain(error: tf.errors.InvalidArgumentError, event_shape: Sequence[int]) -> str:
  """The message about the shape of data, or "" for any other error."""
  text = str(error)
  if _NAME not in text:
    return ""
  _, _, rest = text.partition("Shape of tensor")
  _, _, rest = rest.partition("[")
  sizes = rest.partition("]")[0].split(",")
  return message([int(n) for n in sizes if n.strip()][1:], event_shape)
