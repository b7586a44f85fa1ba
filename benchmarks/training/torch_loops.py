"""A PyTorch loop: modules, autograd, data in a tensor.

It is eager, or uses `torch.compile` for the loss with its gradient and for the update
of the optimizer, as PyTorch's recipes do.
"""

import functools
import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from benchmarks.training.workload import LEARNING_RATE, Workload


class MLP(nn.Module):
  """The paper's perceptrons: one hidden layer of tanh units each."""

  def __init__(self, work: Workload):
    super().__init__()
    size, hidden, latent = work.side**2, work.hidden_units, work.latent_dim
    self.hidden = nn.Linear(size, hidden)
    self.mean = nn.Linear(hidden, latent)
    self.log_variance = nn.Linear(hidden, latent)
    self.back = nn.Linear(latent, hidden)
    self.logits = nn.Linear(hidden, size)

  def encode(self, x):
    hidden = torch.tanh(self.hidden(x))
    return self.mean(hidden), self.log_variance(hidden)

  def decode(self, z):
    return self.logits(torch.tanh(self.back(z)))


class Conv(nn.Module):
  """Two strided convolutions and a linear layer, and their mirror image."""

  def __init__(self, work: Workload):
    super().__init__()
    self.small = work.side // 4
    flat, latent = 64 * self.small**2, work.latent_dim
    self.down = nn.Sequential(
      nn.Conv2d(1, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU()
    )
    self.mean, self.log_variance = nn.Linear(flat, latent), nn.Linear(flat, latent)
    self.back = nn.Linear(latent, flat)
    self.up = nn.Sequential(
      nn.ConvTranspose2d(64, 64, 3, 2, 1, 1),
      nn.ReLU(),
      nn.ConvTranspose2d(64, 32, 3, 2, 1, 1),
      nn.ReLU(),
      nn.Conv2d(32, 1, 3, 1, 1),
    )

  def encode(self, x):
    hidden = self.down(x.movedim(-1, 1)).flatten(1)
    return self.mean(hidden), self.log_variance(hidden)

  def decode(self, z):
    hidden = torch.relu(self.back(z)).unflatten(1, (64, self.small, self.small))
    return self.up(hidden).movedim(1, -1)


def loss_of(network, x, work):
  """Minus the bound, mean over the minibatch."""
  mean, log_variance = network.encode(x)
  shape = (work.num_samples, *mean.shape)
  noise = torch.randn(shape)
  z = mean + torch.exp(0.5 * log_variance) * noise
  logits = network.decode(z.flatten(0, 1)).unflatten(0, shape[:2])
  log_likelihood = -functional.binary_cross_entropy_with_logits(
    logits, x.expand_as(logits), reduction="none"
  ).sum(tuple(range(2, logits.ndim)))
  if work.importance:
    log_weights = log_likelihood + 0.5 * (
      noise.square() + log_variance - z.square()
    ).sum(-1)
    return -(torch.logsumexp(log_weights, 0) - math.log(work.num_samples)).mean()
  kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1)
  return -(log_likelihood.mean(0) - kl).mean()


def eager(**options):
  """An epoch of the eager loop."""
  return _epochs(Workload(**options), lambda function: function)


def compiled(**options):
  """The same loop with a compiled step, for static shapes."""
  # Without the cache of earlier processes, so that the first run includes compilation.
  torch.compiler.config.force_disable_caches = True
  return _epochs(Workload(**options), functools.partial(torch.compile, dynamic=False))


def _epochs(work: Workload, compile_or_not: Callable[[Callable], Callable]):
  data = torch.from_numpy(work.data())
  network = {"mlp": MLP, "conv": Conv}[work.network](work)
  optimizer = torch.optim.Adagrad(network.parameters(), LEARNING_RATE)
  loss_and_graph = compile_or_not(loss_of)
  update = compile_or_not(optimizer.step)

  def epoch():
    total = 0.0
    for rows in torch.randperm(len(data)).split(work.batch_size):
      x = data[rows]
      if work.binarization == "stochastic":
        x = torch.bernoulli(x)
      optimizer.zero_grad()
      loss = loss_and_graph(network, x, work)
      loss.backward()
      update()
      total += loss.detach()
    return {"elbo": -float(total) / work.steps}

  return epoch
