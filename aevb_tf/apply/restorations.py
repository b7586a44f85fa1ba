"""The tasks of `aevb-apply` that restore corrupted examples."""

import functools
from typing import Literal

import numpy as np

from aevb_tf import plots, tasks
from aevb_tf.apply import inputs
from aevb_tf.apply.inputs import Question
from aevb_tf.apply.results import MOST_DRAWN, Answer
from aevb_tf.tasks import restoration


def denoise(question: Question, noise: str, scale: float, rate: float) -> Answer:
  """What noisy examples were before."""
  known = restoration.noise.registry.options_of(noise)
  options = {"scale": scale, "rate": rate}
  options = {name: value for name, value in options.items() if name in known}
  model = {"name": noise, **options}
  found = tasks.denoise(
    question.vae,
    question.examples.x,
    model,
    condition=question.examples.condition,
    seed=question.seed,
  )
  values = ", ".join(f"{name} {value}" for name, value in options.items())
  summary = [f"Noise: {noise}{values and f', {values}'}."]
  return _restored(question, question.examples.x, found, "noisy", summary)


def inpaint(question: Question, observed: str) -> Answer:
  """What was not observed, given the rest."""
  x = question.examples.x
  is_observed = ~np.isnan(x)
  if observed:
    is_observed &= inputs.mask(observed, question.vae.event_shape)
  found = tasks.inpaint(
    question.vae,
    x,
    is_observed,
    condition=question.examples.condition,
    seed=question.seed,
  )
  return _restored(question, np.where(is_observed, x, np.nan), found, "with gaps")


def super_resolve(
  question: Question, factor: int, scale: float, blur: Literal["box", "gaussian"]
) -> Answer:
  """Images of lower resolution, enlarged."""
  y = question.examples.x
  found = tasks.super_resolve(
    question.vae,
    y,
    factor,
    scale,
    blur,
    condition=question.examples.condition,
    seed=question.seed,
  )
  large = np.repeat(np.repeat(y, factor, axis=1), factor, axis=2)
  return _restored(question, large, found, "small")


def _restored(question, y, found, name, summary=()):
  """The answer of a restoration: `y` is drawn above what was `found`."""
  picture = None
  if question.are_images:
    picture = functools.partial(
      plots.reconstructions,
      y[:MOST_DRAWN],
      found.mean[:MOST_DRAWN],
      rows=(name, "restored"),
      title="Restored examples: posterior means",
    )
  return Answer(
    columns={
      "effective_sample_size": found.effective_sample_size,
      "acceptance": found.acceptance,
    },
    arrays={"stddev": found.stddev},
    examples={"restored": found.mean},
    picture=picture,
    summary=summary,
  )
