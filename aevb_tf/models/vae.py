"""The variational auto-encoder (sections 2 and 3).

q(z|x) = encoder,   p(x|z) = decoder,   p(z) = prior
maximise  E_q[log p(x|z)] - KL(q(z|x) || p(z))   by its gradient through z = g(eps, x)
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
import tensorflow as tf

from aevb_tf import bounds, conditions, likelihoods, posteriors, priors
from aevb_tf.models import parts, prior_fitting, tables
from aevb_tf.models.autoencoder import Autoencoder
from aevb_tf.models.generative import GenerativeModel
from aevb_tf.models.missing import MissingLike
from aevb_tf.models.prior_fitting import PriorFit
from aevb_tf.networks.base import Activation
from aevb_tf.tables import Schema
from aevb_tf.types import Seed, TensorLike


@keras.saving.register_keras_serializable(package="aevb_tf")
class VAE(Autoencoder, GenerativeModel):
  """Encoder, decoder and prior, trained together with a bound on log p(x).

  Args:
    encoder: x -> parameters of q(z|x): an `aevb_tf.networks.Encoder`, or any
      `keras.Model` together with `posterior`.
    decoder: z -> parameters of p(x|z): an `aevb_tf.networks.Decoder`, or any
      `keras.Model` together with `likelihood`.
    prior: Name, options or object of `aevb_tf.priors`; the standard normal by default.
    bound: Name, options or object of `aevb_tf.bounds`; `SGVB("B", 1)` by default.
    dataset_size: N, to scale the bound of a minibatch to the data set (eq. 8).
    parameter_prior_stddev: Standard deviation of a Gaussian prior on all parameters
      (MAP); needs `dataset_size`.
    seed: Seed of the noise in training and evaluation; None draws one.
    posterior: For an encoder that does not name its own.
    likelihood: For a decoder that does not name its own.
    missing: Whether examples may have missing values, NaN: the bound is then that of the
      observed values, and the encoder sees 0 in place of the others. Or options, such
      as `{"encode_mask": True, "fill_value": mean}`; see `aevb_tf.models.missing`.
    schema: What the columns of x are, if examples are rows of a table: an
      `aevb_tf.tables.Schema`, or its dict. It is saved with the model.
    condition: What c is, for p(x|z, c) and q(z|x, c): the number of classes, their names,
      the shape of an array, or columns of a table; see `aevb_tf.conditions`. The
      networks then get `(x, c)` and `(z, c)`, and `fit` takes c as y.

  Raises:
    ValueError: The parts do not fit together; the message says which and why.
  """

  def __init__(
    self,
    encoder: keras.Model,
    decoder: keras.Model,
    prior: priors.PriorLike | None = None,
    bound: bounds.BoundLike | None = None,
    dataset_size: int | None = None,
    parameter_prior_stddev: float | None = None,
    seed: int | None = None,
    posterior: posteriors.PosteriorLike | None = None,
    likelihood: likelihoods.LikelihoodLike | None = None,
    missing: MissingLike = False,
    schema: Schema | Mapping[str, Any] | None = None,
    condition: conditions.ConditionLike | None = None,
    **kwargs: Any,
  ):
    super().__init__(
      dataset_size, parameter_prior_stddev, seed, missing, condition, schema, **kwargs
    )
    self.set_parts(encoder, decoder, prior, bound, posterior, likelihood)

  @classmethod
  def for_table(
    cls,
    schema: Schema | tables.TableData,
    latent_dim: int = 8,
    hidden_units: tuple[int, ...] = (128, 128),
    activation: Activation = "relu",
    posterior: posteriors.PosteriorLike = "gaussian",
    likelihood: likelihoods.LikelihoodLike = "student_t",
    missing: bool | None = None,
    condition: conditions.ConditionLike | None = None,
    **options: Any,
  ) -> Self:
    """A VAE of the rows of a table; `aevb_tf.models.tables` lists its likelihoods.

    Args:
      schema: What the columns are, such as the `schema` of `aevb_tf.data.table`; or the
        data set of a table, whose schema and condition are used.
      latent_dim: Number of latents.
      hidden_units: Width of each hidden layer of the encoder; the decoder mirrors it.
      activation: Keras activation of the hidden layers.
      posterior: Name, options or object of `aevb_tf.posteriors`.
      likelihood: Name, options or object of the likelihood of real columns.
      missing: Whether rows may have missing values, which the encoder sees as a mask;
        None if the data of the schema had missing values.
      condition: Names of columns of the table that are the condition, and are not
        modelled; or what else `VAE` takes, such as the `condition` of
        `aevb_tf.data.table`. None uses that of the data set, if `schema` is one.
      **options: Other arguments of the class.

    Returns:
      The model, which is built. Its data are rows `[n, D]`, as `schema.encode` returns
      them, and `schema.decode` or `schema.to_frame` converts what it returns.

    Raises:
      ValueError: An argument is out of range, or the parts do not fit together.
      TypeError: `schema` is not one.
    """
    if condition is None:
      condition = getattr(schema, "condition", None)
    names = tables.condition_columns(condition)
    if names:
      schema, condition = tables.split(schema, names)
    schema = tables.schema_of(schema)
    own = tables.parts(
      schema, latent_dim, hidden_units, activation, posterior, likelihood, missing
    )
    model = cls(**own, condition=condition, **options)
    tables.start(model.decoder, schema)
    return model

  def fit_prior(
    self,
    x: TensorLike,
    prior: priors.PriorLike = "mixture",
    num_epochs: int = 50,
    batch_size: int = 200,
    learning_rate: float = 1e-2,
    seed: Seed | None = None,
    condition: Any = None,
  ) -> PriorFit:
    """Fits another prior to the latents of examples, after training.

    The old prior can have mass where no q(z|x) has any; samples from there are poor. The
    new one is fitted to the q(z|x) of the examples, which also raises the bound. Encoder
    and decoder stay as they are.

    Args:
      x: Training examples, `[n, *event_shape]`.
      prior: Name, options or object of `aevb_tf.priors`, with something to learn.
      num_epochs: Passes over the examples.
      batch_size: Examples in a step.
      learning_rate: Of Adam.
      seed: An int or a pair of int32; None uses a random one.
      condition: c of each example, or one for all, if the model has a condition.

    Returns:
      The new model, and the bounds with the old and the new prior.

    Raises:
      ValueError: The prior has nothing to fit or does not suit the posterior, or an
        argument is out of range.
    """
    return prior_fitting.fit_prior(
      self, x, prior, num_epochs, batch_size, learning_rate, seed, condition
    )

  def get_config(self):
    bound = keras.saving.serialize_keras_object(self.bound)
    return {**super().get_config(), "bound": bound}


def as_vae(
  model: Any, options: Sequence[str], values: Mapping[int, tf.Tensor] | None = None
) -> VAE:
  """An independent `VAE` with the parts of another model.

  Args:
    model: A built model with the parts of a `VAE`.
    options: Keys of its config that a `VAE` does not have.
    values: `id` of a variable of the model -> the value that the copy gets instead.

  Returns:
    A model that shares nothing with the other one, and is not compiled.
  """
  config = {k: v for k, v in model.get_config().items() if k not in options}
  if "frozen" in config:
    config["frozen"] = {k: config["frozen"][k] for k in VAE.networks}
  return parts.copied(model, VAE, config, (*parts.WITHOUT_PRIOR, "prior"), values)
