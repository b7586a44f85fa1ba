"""Measurements if the KL is not a sum over latents, or the mean has no closed form."""

import json

import numpy as np
import pytest

import aevb_tf as aevb
from aevb_tf.training.measure import measure
from tests import compositions


@pytest.mark.parametrize(
  "posterior, prior", [("iaf", "vamp"), ("weibull", "gamma"), ("gaussian", None)]
)
def test_every_kind_of_latents_is_measured(posterior, prior):
  vae = compositions.vae(posterior, prior, "bernoulli", {"name": "ciwae"})
  vae.compile("sgd", run_eagerly=True, jit_compile=False)
  data = aevb.data.ArrayDataset(compositions.data(), batch_size=2)
  measured = measure(vae, data)
  assert measured.means.shape == (4, 2) and np.isfinite(measured.means).all()
  assert ("kl_per_dimension" in measured.report()) == (posterior != "iaf")
  json.dumps(measured.report())
