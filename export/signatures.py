"""The signatures of an exported model, defined once for all formats.

    encode        x          -> mean, stddev, or the posterior's own parameters and z
    decode        z          -> x_mean
    sample        num, seed  -> x_mean, z
    reconstruct   x          -> x_mean
    elbo          x, seed    -> elbo, kl, log_likelihood
    log_marginal  x, seed    -> log_marginal, by K importance samples
    anomaly       x, seed    -> score, p_value, is_anomaly; of an `AnomalyDetector`

`x` is float32 `[batch, *event_shape]`, `z` float32 `[batch, latent_dim]`, `seed` int32
`[2]` (of an int: its high and its low word, see `aevb_tf.random.as_seed`), and `num` an
int32 scalar. Numbers are nats, float32 `[batch]`, and NaN for an example that the
likelihood cannot score, so that it does not look like an anomaly; others in the batch
are not affected. `is_anomaly` is 1 for an anomaly and 0 for others, also float32, since
LiteRT.js has no booleans.

Every signature of a model with a condition c has `condition` as its last input: the c of
each row, or one for all. It is int32 `[batch]` for class labels, and float32
`[batch, *shape]` otherwise; a batch of 1 is for all. An invalid condition is an error, or
NaN in the outputs of that row for runtimes without assertions. If c is a class, there is
one more signature, which needs no condition:

    classify      x, seed    -> probs, p(c|x) by the bound, `[batch, classes]`

Noise is `aevb_tf.random`'s: the same seed gives what `vae.sample(num, seed)`,
`vae.elbo(x, seed)` and `vae.log_marginal(x, num_samples=K, seed=seed)` give, in every
format, and a longer request begins with the shorter one. With `seed=detector.seed`,
`anomaly` gives what the detector gives.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeAlias

import tensorflow as tf

from aevb_tf import conditions, random, shapes
from aevb_tf.evidence import log_mean
from aevb_tf.evidence.importance import add_samples
from aevb_tf.export.config import MAX_SAMPLES, NUM_IMPORTANCE_SAMPLES
from aevb_tf.export.posterior_parameters import parameters
from aevb_tf.models import VAE, FullVB, SemiSupervisedVAE, WakeSleep
from aevb_tf.random import Purpose
from aevb_tf.registry import did_you_mean
from aevb_tf.tasks import AnomalyDetector, conformal
from aevb_tf.tasks.scores.base import name_of

# The models that can be exported; a `FullVB` is by its `to_vae()`.
ExportableModel: TypeAlias = VAE | WakeSleep
# A model, or a detector that has it.
Exportable: TypeAlias = ExportableModel | AnomalyDetector

DEFAULT = "reconstruct"  # the signature that `serving_default` is
_CHUNK_SIZE = 10
_X = "data, such as the model was trained on"
_SEED = "seed of all noise; equal seeds give equal numbers"
_POSTERIOR_DOCS = {
  "mean": "mean of q(z|x)",
  "stddev": "standard deviation of q(z|x)",
  "z": "the point that stands for q(z|x)",
}


@dataclasses.dataclass(frozen=True)
class Signature:
  """One function of an exported model.

  Attributes:
    name: Its name.
    doc: What it answers, one sentence.
    inputs: Its arguments, in order; a size of None is the batch.
    input_docs: Descriptions of the arguments.
    output_docs: Descriptions of outputs, by name; see `output_doc`.
    function: Tensors -> dict of tensors, to be traced.
  """

  name: str
  doc: str
  inputs: tuple[tf.TensorSpec, ...]
  input_docs: tuple[str, ...]
  output_docs: dict[str, str]
  function: Callable[..., dict[str, tf.Tensor]]

  def output_doc(self, name: str) -> str:
    """The description of an output."""
    return self.output_docs.get(name, f"{name} of q(z|x)")


def model_of(vae: Exportable) -> ExportableModel:
  """The model of a detector; a model itself."""
  return vae.vae if isinstance(vae, AnomalyDetector) else vae


def build(
  vae: Exportable,
  max_samples: int = MAX_SAMPLES,
  num_importance_samples: int = NUM_IMPORTANCE_SAMPLES,
  clamp: bool = False,
  batch_size: int | None = None,
  only: Sequence[str] | None = None,
) -> dict[str, Signature]:
  """Builds the signatures of a model.

  Args:
    vae: A built `VAE`, or an `AnomalyDetector` with a threshold.
    max_samples: The most that `sample` draws in one request.
    num_importance_samples: K of `log_marginal`.
    clamp: What `sample` does if `num` is out of bounds: True uses the nearest allowed
      number, for runtimes without assertions; False raises an error.
    batch_size: A fixed batch size, for runtimes that need one. `sample` then draws that
      many, of rows `first`, `first + 1`, ..., and takes `first` instead of `num`.
    only: The names of the signatures to return; None for all.

  Returns:
    Name to `Signature`.

  Raises:
    ValueError: The model is not a `VAE` or not built, the detector has no threshold, a
      number is not positive, or a name is unknown.
  """
  detector = vae if isinstance(vae, AnomalyDetector) else None
  vae = model_of(vae)
  _check(vae, detector, max_samples, num_importance_samples, batch_size)
  x = tf.TensorSpec((batch_size, *vae.event_shape), tf.float32, name="x")
  z = tf.TensorSpec((batch_size, vae.latent_dim), tf.float32, name="z")
  seed = tf.TensorSpec((2,), tf.int32, name="seed")
  mean = {"x_mean": _mean_doc(vae)}

  def checked(tensor, shape):
    """Checks the shape of a request, since wrong shapes would often broadcast."""
    return tensor if clamp else shapes.of_events(tensor, shape, in_graph=True)

  def data(x):
    return checked(x, vae.event_shape)

  built = [
    Signature(
      "encode",
      "The parameters of q(z|x).",
      (x,),
      (_X,),
      _POSTERIOR_DOCS,
      lambda x: parameters(vae.posterior_family, vae.encode(data(x))),
    ),
    Signature(
      "decode",
      "The mean of p(x|z).",
      (z,),
      (f"latents, {vae.posterior_family.support}",),
      mean,
      lambda z: {
        "x_mean": vae.point_estimate(vae.decode(checked(z, (vae.latent_dim,))))
      },
    ),
    _sample_signature(vae, seed, max_samples, clamp, batch_size),
    Signature(
      "reconstruct",
      "The mean of p(x|z) at the point that stands for q(z|x).",
      (x,),
      (_X,),
      mean,
      lambda x: {"x_mean": vae.reconstruct(data(x))},
    ),
    Signature(
      "elbo",
      "The evidence lower bound of each example and its parts, nats.",
      (x, seed),
      (_X, _SEED),
      {
        "elbo": "log_likelihood - kl",
        "kl": "KL(q(z|x) || p(z)), or its estimate",
        "log_likelihood": "E_q log p(x|z), estimated",
      },
      lambda x, seed: _elbo(vae, data(x), seed),
    ),
    Signature(
      "log_marginal",
      f"log p(x) of each example by {num_importance_samples} importance samples, nats.",
      (x, seed),
      (_X, _SEED),
      {"log_marginal": "below log p(x) in expectation"},
      lambda x, seed: _log_marginal(vae, data(x), seed, num_importance_samples),
    ),
  ]
  if detector is not None:
    built.append(_anomaly_signature(detector, x, seed, data))
  if vae.condition is not None:
    built = [_conditional(vae, s, max_samples, clamp, batch_size) for s in built]
  if isinstance(vae.condition, conditions.Labels):
    built.append(
      Signature(
        "classify",
        "p(c|x) of each class, by the bound, for equally likely classes.",
        (x, seed),
        (_X, _SEED),
        {"probs": f"a probability for each class. {vae.condition.advice()}"},
        lambda x, seed: _classify(vae, data(x), seed),
      )
    )
  return select({signature.name: signature for signature in built}, only)


def select(
  signatures: dict[str, Signature], only: Sequence[str] | None
) -> dict[str, Signature]:
  """The signatures whose names are in `only`; None for all.

  Raises:
    ValueError: A name is unknown, or `only` is empty.
  """
  if only is None:
    return signatures
  for name in only:
    if name not in signatures:
      raise ValueError(f"Unknown signature {name!r}.{did_you_mean(name, signatures)}")
  if not only:
    raise ValueError(f"only={only!r}: at least one signature must be exported.")
  return {name: signatures[name] for name in signatures if name in only}


def _anomaly_signature(detector, x, seed, data):
  return Signature(
    "anomaly",
    f"Whether examples are anomalies, by the score {name_of(detector.score)!r}.",
    (x, seed),
    (_X, _SEED),
    {
      "score": "how strange the example is",
      "p_value": "how often a normal example is as strange",
      "is_anomaly": (
        f"1 if the p-value is at most {detector.false_alarm_rate:g}, the rate of false "
        "alarms, otherwise 0"
      ),
    },
    lambda x, seed: _anomaly(detector, data(x), seed),
  )


def _sample_signature(vae, seed, max_samples, clamp, batch_size):
  def draw(rows, seed):
    z = vae.prior.sample(seed, rows)
    return {"x_mean": vae.point_estimate(vae.decode(z)), "z": z}

  def draw_num(num, seed):
    if clamp:
      num = tf.clip_by_value(num, 1, max_samples)
    else:
      allowed = (num >= 1) & (num <= max_samples)
      what = f"num must lie between 1 and {max_samples}, and is"
      tf.debugging.Assert(allowed, [what, num])
    return draw(tf.range(num), seed)

  def draw_from(first, seed):
    return draw(first + tf.range(batch_size), seed)

  if batch_size is None:
    name, function = "num", draw_num
    doc = f"how many, from 1 to {max_samples}" + (", else the nearest" * clamp)
  else:
    name, function = "first", draw_from
    doc = f"number of the first of {batch_size} rows: 0 begins where `num` does"
  return Signature(
    "sample",
    "Draws z from the prior, and the mean of p(x|z).",
    (tf.TensorSpec((), tf.int32, name=name), seed),
    (doc, _SEED),
    {"x_mean": _mean_doc(vae), "z": "draws from p(z)"},
    function,
  )


def _mean_doc(vae):
  codes = ", or for codes the most probable category or the median level"
  return f"mean of p(x|z){'' if vae.schema is None else codes}"


def _conditional(vae, signature, max_samples, clamp, batch_size):
  """A signature with the additional input `condition`."""
  condition = vae.condition
  spec = tf.TensorSpec((batch_size, *condition.shape), condition.dtype, "condition")

  def function(*arguments):
    *inputs, values = arguments
    if not clamp:
      values = shapes.of_events(values, condition.shape, True, "conditions")
    is_valid = condition.is_valid(values)
    if batch_size is None:
      first = inputs[0]
      num = tf.shape(first)[0] if first.shape.rank else first
      is_valid &= _are_as_many(values, num, clamp)
      rows = num if first.shape.rank else tf.clip_by_value(num, 1, max_samples)
      values, is_valid = (_for_rows(each, rows) for each in (values, is_valid))
    if not clamp:
      what = f"condition has invalid values. {condition.advice()} They are"
      tf.debugging.Assert(tf.reduce_all(is_valid), [what, values])
    values = tf.where(_like(is_valid, values), values, tf.zeros_like(values))
    with conditions.given(vae, condition.features(values)):
      outputs = signature.function(*inputs)
    return _nan_unless(is_valid, outputs) if clamp else outputs

  doc = (
    f"that of each row{'' if batch_size else ', or one for all'}. {condition.advice()}"
  )
  return dataclasses.replace(
    signature,
    inputs=(*signature.inputs, spec),
    input_docs=(*signature.input_docs, doc),
    function=function,
  )


def _are_as_many(values, num, clamp):
  """Whether there is a condition for each row, or one for all."""
  length = tf.shape(values)[0]
  fits = (length == 1) | (length == num)
  if not clamp:
    what = "condition must be one for all rows, or one for each. Conditions and rows:"
    tf.debugging.Assert(fits, [what, length, num])
  return fits


def _for_rows(values, num):
  """One value for each row, of as many values or of one."""
  last = tf.shape(values)[0] - 1
  return tf.gather(values, tf.minimum(tf.range(num), last))


def _classify(vae, x, seed):
  count, batch = vae.condition.num_levels, tf.shape(x)[0]
  codes = tf.range(count * batch) // batch
  with conditions.given(vae, vae.condition.features(codes)):
    elbo = vae.bound_parts(
      tf.tile(x, [count] + [1] * (x.shape.rank - 1)),
      random.derive(seed, Purpose.ELBO),
      tf.tile(tf.range(batch), [count]),  # the same noise for all classes
      training=False,
    ).elbo
  logs = tf.transpose(tf.reshape(elbo, [count, batch]))
  return _where_scorable(vae, x, {"probs": tf.nn.softmax(logs)})


def _elbo(vae, x, seed):
  parts = vae.elbo_parts(x, seed)
  numbers = {
    "elbo": parts.elbo,
    "kl": parts.kl,
    "log_likelihood": parts.log_likelihood,
  }
  return _where_scorable(vae, x, numbers)


def _log_marginal(vae, x, seed, num_samples):
  batch = tf.shape(x)[0]
  seed = random.derive(seed, Purpose.EVIDENCE)
  sums = log_mean.empty(batch)
  # Small chunks: what is decoded at once must fit into a phone's memory.
  chunk_size = min(num_samples, _CHUNK_SIZE)
  sums = add_samples(
    vae, sums, x, seed, tf.range(batch), tf.constant([0, num_samples]), chunk_size
  )
  return _where_scorable(vae, x, {"log_marginal": sums.log_mean(num_samples)})


def _anomaly(detector, x, seed):
  vae, seed = detector.vae, random.derive(seed, Purpose.SCORE)
  score = detector.score.scores(vae, x, seed, tf.range(tf.shape(x)[0]))
  calibration = tf.convert_to_tensor(detector.calibration)  # sorted
  count = conformal.rank(detector.false_alarm_rate, calibration.shape[0])
  numbers = {
    "score": score,
    "p_value": conformal.p_values(score, calibration),
    "is_anomaly": tf.cast(score > calibration[-count], tf.float32),
  }
  return _where_scorable(vae, x, numbers)


def _where_scorable(vae, x, numbers):
  """NaN for the examples that are outside of the likelihood's support."""
  scorable = tf.vectorized_map(vae.likelihood_family.in_support, x)
  return _nan_unless(scorable, numbers)


def _nan_unless(is_valid, outputs):
  """NaN for the rows that are not valid."""
  return {k: tf.where(_like(is_valid, v), v, float("nan")) for k, v in outputs.items()}


def _like(is_valid, values):
  """A boolean for each row, in a shape that broadcasts with the rows of `values`."""
  return tf.reshape(is_valid, [-1] + [1] * (values.shape.rank - 1))


def _check(vae, detector, max_samples, num_importance_samples, batch_size):
  if isinstance(vae, FullVB):
    raise ValueError(
      "A FullVB is exported as a VAE: export to_vae(), which has its mean weights; or "
      "to_vae(seed), which has weights drawn from q(theta)."
    )
  if isinstance(vae, SemiSupervisedVAE):
    raise ValueError(
      "A SemiSupervisedVAE is exported as a VAE: export to_vae(), which is p(x|y). Its "
      "classifier is a Keras model, which can be exported by itself."
    )
  if not isinstance(vae, ExportableModel):
    raise ValueError(
      f"{type(vae).__name__} is not a VAE: what is exported has an encoder and a decoder."
    )
  if not vae.built:
    raise ValueError(
      "To be exported, the model must know the shape of its data: call it on data, "
      "`fit` it, or `build((None, *event_shape))` it first."
    )
  if detector is not None and detector.threshold is None:
    raise ValueError(
      "The detector has no threshold: before the export, call `fit_threshold(x_normal)` "
      "with normal examples that the model was not trained on."
    )
  for name, value in (
    ("max_samples", max_samples),
    ("num_importance_samples", num_importance_samples),
    ("batch_size", batch_size),
  ):
    if value is not None and not (isinstance(value, int) and value >= 1):
      raise ValueError(f"{name}={value!r} must be a positive integer.")
