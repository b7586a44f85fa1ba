"""All keys with their defaults; locked, so that a typo in a derived file is an error.

A derived file calls `base.get_config()` and sets what differs. The parts of a model
(`posterior`, `prior`, `likelihood`, `bound`, `optimizer` and the initializers) are
`{"name": ..., option: value}`, with the registered name and options of the constructor
of the class. Set a part as a whole, so that no option of another class remains:

    config.likelihood = {"name": "gaussian", "unit_mean": True}
"""

import ml_collections


def get_config() -> ml_collections.ConfigDict:
  """Returns the defaults, locked."""
  config = ml_collections.ConfigDict()
  config.name = "base"  # what the run is called
  config.seed = 0  # of weights, noise and the order of examples

  # Data.
  config.dataset = "digits"  # or mnist, tfds:NAME, .npy, .npz, .csv, a folder
  config.data_dir = ""  # folder with prepared data; without it they are downloaded
  config.binarization = "none"  # or "fixed" (seeded once), "stochastic" (every epoch)
  config.missing = False  # whether NaN marks a missing value
  config.schema = ""  # file of a table's schema; without it the schema is inferred
  config.encode_mask = False  # whether the encoder sees which values are missing
  config.condition = ""  # or "labels", or columns of a table, as in age,sex: p(x|z, c)
  config.batch_size = 100  # M, examples in a minibatch

  # Networks: the decoder mirrors the encoder.
  config.network = "mlp"  # or "conv", or "table", whose likelihoods are by its schema
  config.hidden_units = (500,)  # one number for each layer
  config.filters = (32, 64)  # one number for each layer; conv only
  config.kernel_size = 3  # conv only
  config.activation = "tanh"  # or another of Keras
  config.kernel_initializer = {"name": "glorot_uniform"}  # mlp only
  config.bias_initializer = {"name": "zeros"}  # mlp only
  config.output_bias = "zeros"  # or "data_mean", the decoder's first output; mlp only
  config.dtype_policy = "float32"  # or "mixed_bfloat16", "mixed_float16"

  # Model and bound.
  config.latent_dim = 20  # J, number of latents
  config.posterior = {"name": "gaussian"}  # q(z|x)
  config.prior = {"name": "standard_normal"}  # p(z), or p(z|c) with "conditional"
  config.likelihood = {"name": "bernoulli"}  # p(x|z); of a table, of its real columns
  config.bound = {"name": "sgvb", "estimator": "B", "num_samples": 1}  # L(x)
  config.scale_to_dataset = False  # the loss is -(N/M) sum_i L(x_i), eq. 8
  config.parameter_prior_stddev = 0.0  # of p(theta), for MAP; 0 for none

  # Optimization.
  config.optimizer = {"name": "adam"}  # or another of Keras
  config.learning_rate = 1e-3  # at the first step
  config.learning_rate_schedule = "constant"  # or "cosine", to 0 at the last step
  config.epochs = 10  # passes over the data
  config.jit_compile = "auto"  # XLA where it pays; or "on", "off"

  # The end of training, by the bound of the test split; see docs/howto/diagnosis.md.
  config.early_stopping = 0  # epochs without a better bound until it stops; 0 for never
  config.restore_best = False  # whether the model is that of the best epoch

  # Checkpoints, and plots at the end.
  config.checkpoint_every = 1  # epochs between checkpoints
  config.keep_checkpoints = 3  # the newest
  config.plots = True  # whether to draw
  return config.lock()
