"""A linear VAE is probabilistic PCA, whose maximum likelihood is known in closed form.

With S the covariance of the data, lambda_1 >= ... its eigenvalues and U_J the first J
eigenvectors, the maximum is at

    b = mean(x),  s^2 = mean(lambda_{J+1 ... D}),  W = U_J (diag(lambda_1..J) - s^2 I)^1/2

References:
  Tipping, Bishop. Probabilistic principal component analysis. JRSS B 1999.
"""

import keras
import numpy as np

import aevb_tf as aevb
from tests.oracle import LinearGaussian

N, DATA_DIM, LATENT_DIM, STEPS = 400, 6, 2, 6000


def maximum_likelihood(x):
  """The probabilistic PCA of maximum likelihood; its encoder is left at zero."""
  values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
  values, vectors = values[::-1], vectors[:, ::-1]
  variance = values[LATENT_DIM:].mean()
  weights = vectors[:, :LATENT_DIM] * np.sqrt(values[:LATENT_DIM] - variance)
  nothing = np.zeros((LATENT_DIM, DATA_DIM))
  return LinearGaussian(
    weights, x.mean(0), np.sqrt(variance), nothing, nothing[:, 0], nothing[:, 0] + 1
  )


def learned(vae):
  """The parameters of a linear VAE, in float64."""
  head, head_bias = (np.asarray(w, np.float64) for w in vae.encoder.head.get_weights())
  weights, bias = (np.asarray(w, np.float64) for w in vae.decoder.head.get_weights())
  log_variance = float(vae.likelihood_family.log_variance.numpy())
  return LinearGaussian(
    weights.T,
    bias,
    np.exp(0.5 * log_variance),
    head[:, :LATENT_DIM].T,
    head_bias[:LATENT_DIM],
    np.exp(0.5 * head_bias[LATENT_DIM:]),
  )


def test_a_linear_vae_reaches_the_maximum_likelihood_of_pca(seeds):
  rng = np.random.default_rng(seeds())
  x = LinearGaussian.random(rng, DATA_DIM, LATENT_DIM).draw(rng, N)
  keras.utils.set_random_seed(seeds(1) % 2**31)
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(LATENT_DIM, ()),
    aevb.networks.MLPDecoder(
      (DATA_DIM,), (), likelihood={"name": "gaussian", "scale": "shared"}
    ),
    seed=seeds(2),
  )
  vae.compile(
    keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.05, STEPS))
  )
  vae.fit(x, batch_size=N, steps_per_epoch=STEPS, verbose=0)

  best = np.mean(maximum_likelihood(x).log_evidence(x))
  model = learned(vae)
  # q(z|x) can be exact here, so that the bound gets there with the evidence.
  assert best - 0.01 < np.mean(model.bound(x)) <= np.mean(model.log_evidence(x))
  assert np.mean(model.log_evidence(x)) <= best + 1e-6  # nothing is above the maximum
