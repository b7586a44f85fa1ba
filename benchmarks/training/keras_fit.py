"""Plain Keras, as in its VAE example: a `train_step`, and the defaults of `fit`."""

import keras
import numpy as np
import tensorflow as tf

from benchmarks.training.workload import LEARNING_RATE, Workload


class PlainVAE(keras.Model):
  """Encoder, decoder, and a `train_step`."""

  def __init__(self, work: Workload):
    super().__init__()
    self.work = work
    build = {"mlp": _mlp, "conv": _conv}[work.network]
    self.encoder, self.decoder = build(work)
    self.loss_tracker = keras.metrics.Mean(name="loss")

  @property
  def metrics(self):
    return [self.loss_tracker]

  def train_step(self, data):
    with tf.GradientTape() as tape:
      loss = self._loss(data)
    variables = self.trainable_variables
    self.optimizer.apply_gradients(
      zip(tape.gradient(loss, variables), variables, strict=True)
    )
    self.loss_tracker.update_state(loss)
    return {"loss": self.loss_tracker.result()}

  def _loss(self, x):
    work = self.work
    if work.binarization == "stochastic":
      x = tf.cast(tf.random.uniform(tf.shape(x)) < x, tf.float32)
    mean, log_variance = tf.split(self.encoder(x), 2, axis=-1)
    shape = tf.concat([[work.num_samples], tf.shape(mean)], 0)
    noise = tf.random.normal(shape)
    z = mean + tf.exp(0.5 * log_variance) * noise
    logits = self.decoder(tf.reshape(z, (-1, work.latent_dim)))
    logits = tf.reshape(logits, tf.concat([[work.num_samples], tf.shape(x)], 0))
    crossed = tf.nn.sigmoid_cross_entropy_with_logits(
      tf.broadcast_to(x, tf.shape(logits)), logits
    )
    log_likelihood = -tf.reduce_sum(crossed, axis=list(range(2, 2 + len(x.shape) - 1)))
    if work.importance:
      log_weights = log_likelihood + 0.5 * tf.reduce_sum(
        noise**2 + log_variance - z**2, -1
      )
      bound = tf.reduce_logsumexp(log_weights, 0) - np.log(work.num_samples)
      return -tf.reduce_mean(bound)
    kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1 - log_variance, -1)
    return -tf.reduce_mean(tf.reduce_mean(log_likelihood, 0) - kl)


def _mlp(work):
  layers, size = keras.layers, work.side**2
  encoder = keras.Sequential(
    [
      keras.Input((size,)),
      layers.Dense(work.hidden_units, "tanh"),
      layers.Dense(2 * work.latent_dim),
    ]
  )
  decoder = keras.Sequential(
    [
      keras.Input((work.latent_dim,)),
      layers.Dense(work.hidden_units, "tanh"),
      layers.Dense(size),
    ]
  )
  return encoder, decoder


def _conv(work):
  layers, small = keras.layers, work.side // 4
  options = {"strides": 2, "padding": "same", "activation": "relu"}
  encoder = keras.Sequential(
    [
      keras.Input(work.event_shape),
      layers.Conv2D(32, 3, **options),
      layers.Conv2D(64, 3, **options),
      layers.Flatten(),
      layers.Dense(2 * work.latent_dim),
    ]
  )
  decoder = keras.Sequential(
    [
      keras.Input((work.latent_dim,)),
      layers.Dense(64 * small**2, "relu"),
      layers.Reshape((small, small, 64)),
      layers.Conv2DTranspose(64, 3, **options),
      layers.Conv2DTranspose(32, 3, **options),
      layers.Conv2D(1, 3, padding="same"),
    ]
  )
  return encoder, decoder


def train(compile_options: dict | None = None, **options):
  """An epoch of `fit` over an array."""
  work = Workload(**options)
  keras.config.set_dtype_policy(work.dtype_policy)
  vae, data = PlainVAE(work), work.data()
  vae.compile(keras.optimizers.Adagrad(LEARNING_RATE), **(compile_options or {}))

  def epoch():
    history = vae.fit(data, batch_size=work.batch_size, epochs=1, verbose=0)
    return {"elbo": -float(history.history["loss"][-1])}

  return epoch
