"""The one check of the shape of data, for every path that data take into a model.

Data of another shape would often broadcast against what a decoder gives, and be scored
and trained on without a word.
"""

from collections.abc import Sequence

import tensorflow as tf

# How the failure of the check in a graph is told from other failures.
_NAME = "shape_of_the_data"


def of_events(
  x: tf.Tensor,
  event_shape: Sequence[int],
  in_graph: bool = False,
  name: str = "data",
) -> tf.Tensor:
  """`x`, whose shape is checked: now as far as it is known, else when the graph runs.

  Args:
    x: `[batch, ...]`.
    event_shape: The shape that each example must have.
    in_graph: Whether to check in the graph what is known now, too: for a graph that
      leaves this process, and whose callers may pass what they like.
    name: What to call `x` in the error: "data" or "latents".

  Returns:
    `x`, of static shape `[batch, *event_shape]`.

  Raises:
    ValueError: The shape is known to be another one.
    tf.errors.InvalidArgumentError: It is found to be another one when the graph runs.
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
  """What to say about data, or latents, whose examples have another shape."""
  given, event_shape = tuple(given), tuple(event_shape)
  if given == event_shape:
    return (
      f"The {name} have shape {given}, which is that of one example: give a batch, "
      "such as x[None]."
    )
  decoder = ", or make a decoder of their shape" if name == "data" else ""
  return (
    f"The {name} have shape {given}, but the model is of {name} of shape {event_shape}. "
    f"Reshape the {name}{decoder}."
  )


def explain(error: tf.errors.InvalidArgumentError, event_shape: Sequence[int]) -> str:
  """The message about the shape of data, or "" where the error is about another thing."""
  text = str(error)
  if _NAME not in text:
    return ""
  _, _, rest = text.partition("Shape of tensor")
  _, _, rest = rest.partition("[")
  sizes = rest.partition("]")[0].split(",")
  return message([int(n) for n in sizes if n.strip()][1:], event_shape)
