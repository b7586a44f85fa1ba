"""A PyTorch loop written by hand: columns of a kind are sliced and scored together."""

import math

import torch
from torch import nn
from torch.nn import functional

from benchmarks.tables.rows import KINDS, LEARNING_RATE, LEVELS, MEAN_COUNT, Work


class TableVAE(nn.Module):
  """The networks and the densities."""

  def __init__(self, work: Work):
    super().__init__()
    position = {column: place for place, column in enumerate(work.order())}
    self.places = {
      kind: torch.tensor([position[i] for i, k in enumerate(KINDS) if k == kind])
      for kind in dict.fromkeys(KINDS)
    }
    self.numbers = {kind: len(places) for kind, places in self.places.items()}
    n = self.numbers
    self.sizes = [
      2 * n["real"], 2 * n["positive"], n["count"], n["binary"], sum(LEVELS)
    ]  # fmt: skip
    num_features = sum(n.values()) - n["categorical"] + sum(LEVELS)
    units, latent = work.hidden_units, work.latent_dim
    self.encoder = _mlp(num_features, units, 2 * latent)
    self.decoder = _mlp(latent, units, sum(self.sizes))
    self.log_df = nn.Parameter(torch.zeros(n["real"]))
    self.log_theta = nn.Parameter(torch.zeros(n["count"]))

  def loss(self, x):
    v = {kind: x[:, places] for kind, places in self.places.items()}
    codes = v["categorical"].long()
    one_hot = [
      functional.one_hot(codes[:, i], levels) for i, levels in enumerate(LEVELS)
    ]
    log_positive = torch.log(v["positive"])
    features = [
      v["real"],
      log_positive,
      torch.log1p(v["count"]) - math.log1p(MEAN_COUNT),
      2 * v["binary"] - 1,
      *one_hot,
    ]
    mean, log_variance = self.encoder(torch.cat(features, 1)).chunk(2, 1)
    z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
    kl = 0.5 * (mean**2 + torch.exp(log_variance) - 1 - log_variance).sum(1)
    real, positive, count, binary, logits = self.decoder(z).split(self.sizes, 1)
    total = _student_t(v["real"], real, 2 + 8 * torch.exp(self.log_df)).sum(1)
    total += (_normal(log_positive, positive) - log_positive).sum(1)
    total += _negative_binomial(v["count"], count, torch.exp(self.log_theta)).sum(1)
    total -= functional.binary_cross_entropy_with_logits(
      binary, v["binary"], reduction="none"
    ).sum(1)
    for i, part in enumerate(logits.split(LEVELS, 1)):
      total -= functional.cross_entropy(part, codes[:, i], reduction="none")
    return -(total - kl).mean()


def _mlp(inputs, units, outputs):
  return nn.Sequential(
    nn.Linear(inputs, units),
    nn.ReLU(),
    nn.Linear(units, units),
    nn.ReLU(),
    nn.Linear(units, outputs),
  )


def _student_t(x, params, df):
  location, log_scale = params.chunk(2, 1)
  square = ((x - location) * torch.exp(-log_scale)) ** 2
  constant = torch.lgamma((df + 1) / 2) - torch.lgamma(df / 2)
  constant = constant - 0.5 * torch.log(math.pi * df)
  return constant - log_scale - (df + 1) / 2 * torch.log1p(square / df)


def _normal(x, params):
  location, log_scale = params.chunk(2, 1)
  standard = (x - location) * torch.exp(-log_scale)
  return -0.5 * standard**2 - log_scale - 0.5 * math.log(2 * math.pi)


def _negative_binomial(x, log_mean, theta):
  log_total = torch.log(theta + torch.exp(log_mean))
  counts = torch.lgamma(x + theta) - torch.lgamma(theta) - torch.lgamma(x + 1)
  return counts + theta * (torch.log(theta) - log_total) + x * (log_mean - log_total)


def train(**options):
  """An epoch of steps."""
  work = Work(**options)
  torch.manual_seed(0)
  x = torch.from_numpy(work.x())
  vae = TableVAE(work)
  optimizer = torch.optim.Adam(vae.parameters(), LEARNING_RATE)

  def epoch():
    order = torch.randperm(work.num_rows)
    total = 0.0
    steps = order.split(work.batch_size)
    for rows in steps:
      loss = vae.loss(x[rows])
      optimizer.zero_grad()
      loss.backward()
      optimizer.step()
      total += loss.detach()
    return {"elbo": -float(total) / len(steps)}

  return epoch
