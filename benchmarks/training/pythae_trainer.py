"""Pythae's trainer and Pythae's VAE, with our layer sizes."""

import logging
import tempfile

import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import nn

from benchmarks.training.workload import LEARNING_RATE, Workload


class Encoder(BaseEncoder):
  """One hidden layer of tanh units."""

  def __init__(self, work: Workload):
    super().__init__()
    self.hidden = nn.Linear(work.side**2, work.hidden_units)
    self.embedding = nn.Linear(work.hidden_units, work.latent_dim)
    self.log_var = nn.Linear(work.hidden_units, work.latent_dim)

  def forward(self, x):
    hidden = torch.tanh(self.hidden(x))
    return ModelOutput(
      embedding=self.embedding(hidden), log_covariance=self.log_var(hidden)
    )


class Decoder(BaseDecoder):
  """One hidden layer of tanh units; Pythae needs the means of the pixels."""

  def __init__(self, work: Workload):
    super().__init__()
    self.hidden = nn.Linear(work.latent_dim, work.hidden_units)
    self.mean = nn.Linear(work.hidden_units, work.side**2)

  def forward(self, z):
    hidden = torch.tanh(self.hidden(z))
    return ModelOutput(reconstruction=torch.sigmoid(self.mean(hidden)))


def train(**options):
  """An epoch of Pythae's `BaseTrainer`."""
  work = Workload(**options)
  logging.disable(logging.INFO)
  data = BaseDataset(torch.from_numpy(work.data()), torch.zeros(work.num_examples))
  config = VAEConfig(
    input_dim=work.event_shape, latent_dim=work.latent_dim, reconstruction_loss="bce"
  )
  trainer = BaseTrainer(
    VAE(config, Encoder(work), Decoder(work)),
    train_dataset=data,
    training_config=BaseTrainerConfig(
      output_dir=tempfile.mkdtemp(),
      num_epochs=1,
      learning_rate=LEARNING_RATE,
      per_device_train_batch_size=work.batch_size,
      optimizer_cls="Adagrad",
      no_cuda=True,
    ),
  )
  trainer.prepare_training()
  epochs = 0

  def epoch():
    nonlocal epochs
    epochs += 1
    return {"elbo": -float(trainer.train_step(epochs))}

  return epoch
