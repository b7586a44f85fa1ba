"""JAX loops: compiled steps, or a whole epoch in one `lax.scan`."""

import functools
import math

import jax
import jax.numpy as jnp
import optax

from benchmarks.training.workload import LEARNING_RATE, Workload


def _init(work):
  sizes = {
    "hidden": (work.side**2, work.hidden_units),
    "head": (work.hidden_units, 2 * work.latent_dim),
    "back": (work.latent_dim, work.hidden_units),
    "logits": (work.hidden_units, work.side**2),
  }
  keys = jax.random.split(jax.random.key(0), len(sizes))
  glorot = jax.nn.initializers.glorot_uniform()
  return {
    name: (glorot(key, size), jnp.zeros(size[1]))
    for key, (name, size) in zip(keys, sizes.items(), strict=True)
  }


def _affine(params, name, x):
  weight, bias = params[name]
  return x @ weight + bias


def _loss(params, x, key, work):
  noise_key, bits_key = jax.random.split(key)
  if work.binarization == "stochastic":
    x = (jax.random.uniform(bits_key, x.shape) < x).astype(jnp.float32)
  hidden = jnp.tanh(_affine(params, "hidden", x))
  mean, log_variance = jnp.split(_affine(params, "head", hidden), 2, -1)
  noise = jax.random.normal(noise_key, (work.num_samples, *mean.shape))
  z = mean + jnp.exp(0.5 * log_variance) * noise
  logits = _affine(params, "logits", jnp.tanh(_affine(params, "back", z)))
  log_likelihood = jnp.sum(x * logits - jax.nn.softplus(logits), -1)
  if work.importance:
    log_weights = log_likelihood + 0.5 * jnp.sum(noise**2 + log_variance - z**2, -1)
    bound = jax.nn.logsumexp(log_weights, 0) - math.log(work.num_samples)
    return -jnp.mean(bound)
  kl = 0.5 * jnp.sum(mean**2 + jnp.exp(log_variance) - 1 - log_variance, -1)
  return -jnp.mean(jnp.mean(log_likelihood, 0) - kl)


def _state(work):
  optimizer = optax.adagrad(LEARNING_RATE)
  params = _init(work)
  state = (params, optimizer.init(params))

  def step(state, x, key):
    params, optimizer_state = state
    loss, gradients = jax.value_and_grad(_loss)(params, x, key, work)
    updates, optimizer_state = optimizer.update(gradients, optimizer_state)
    return (optax.apply_updates(params, updates), optimizer_state), loss

  return state, step


def per_step(**options):
  """An epoch of steps, each in one compiled call."""
  work = Workload(**options)
  data = jnp.asarray(work.data())
  state, step = _state(work)
  shuffle = jax.jit(functools.partial(jax.random.permutation, x=work.num_examples))

  @functools.partial(jax.jit, donate_argnums=0)
  def call(state, rows, key):
    return step(state, data[rows], key)

  key = jax.random.key(1)

  def epoch():
    nonlocal state, key
    key, order_key = jax.random.split(key)
    order = shuffle(order_key).reshape(work.steps, work.batch_size)
    total = 0.0
    for rows, step_key in zip(order, jax.random.split(key, work.steps), strict=True):
      state, loss = call(state, rows, step_key)
      total += loss
    return {"elbo": -float(total) / work.steps}

  return epoch


def scan(**options):
  """An epoch in one compiled call."""
  work = Workload(**options)
  data = jnp.asarray(work.data())
  state, step = _state(work)

  @functools.partial(jax.jit, donate_argnums=0)
  def call(state, data, key):
    order_key, key = jax.random.split(key)
    order = jax.random.permutation(order_key, work.num_examples)
    order = order.reshape(work.steps, work.batch_size)
    keys = jax.random.split(key, work.steps)
    state, losses = jax.lax.scan(
      lambda state, of: step(state, data[of[0]], of[1]), state, (order, keys)
    )
    return state, jnp.mean(losses)

  key = jax.random.key(1)

  def epoch():
    nonlocal state, key
    key, epoch_key = jax.random.split(key)
    state, loss = call(state, data, epoch_key)
    return {"elbo": -float(loss)}

  return epoch
