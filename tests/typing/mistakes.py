"""Mistakes that a type checker finds: a line without its error fails `make lint`.

It finds none in what derives from a class of Keras, which comes without types: to it an
encoder fits everywhere.
"""

import aevb_tf as aevb
from aevb_tf import export

encoder = aevb.networks.MLPEncoder(latent_dim="20")  # type: ignore[arg-type]
decoder = aevb.networks.MLPDecoder(event_shape=784)  # type: ignore[arg-type]
aevb.networks.MLPDecoder((784,), likelihood=aevb.bounds.SGVB())  # type: ignore[arg-type]
vae = aevb.VAE(encoder, decoder, bound=3)  # type: ignore[arg-type]
aevb.VAE(encoder, decoder, dataset_size="60000")  # type: ignore[arg-type]
aevb.VAE(encoder)  # type: ignore[call-arg]
aevb.bounds.SGVB("C")  # type: ignore[arg-type]
aevb.bounds.SGVB("B").sample(3)  # type: ignore[attr-defined]
aevb.evidence.Annealed(start="posterior")  # type: ignore[arg-type]
aevb.evidence.estimate(encoder.latent_dim, [])  # type: ignore[arg-type]
aevb.data.load("digits", binarization="sometimes")  # type: ignore[arg-type]
aevb.likelihoods.get(0.5)  # type: ignore[arg-type]
vae.compile(jit_compile="yes")  # type: ignore[arg-type]
vae.evaluate(return_dict=True)[0]  # type: ignore[index]
export.tflite(vae, "digits.tflite", quantize="int4")  # type: ignore[arg-type]
export.saved_model("digits.keras", "digits")  # type: ignore[arg-type]
