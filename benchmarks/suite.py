"""The benchmarks: contenders, workloads and target ratios."""

import dataclasses
from typing import Any

from benchmarks.rounds import Contender

OURS = "aevb_tf"
_DATA = "$AEVB_TF_BENCHMARK_DATA"
_PEERS = {
  "PyTorch": ("benchmarks.training.torch_loops:eager", ("torch",)),
  # Its kernels for CPUs are C++.
  "torch.compile": (
    "benchmarks.training.torch_loops:compiled",
    ("torch", "command g++"),
  ),
  "Pythae": ("benchmarks.training.pythae_trainer:train", ("pythae", "torch")),
  "Keras fit": ("benchmarks.training.keras_fit:train", ()),
  "JAX per step": ("benchmarks.training.jax_loops:per_step", ("jax", "optax")),
  "JAX scan": ("benchmarks.training.jax_loops:scan", ("jax", "optax")),
  "bare products": ("benchmarks.training.limit:train", ()),
}


@dataclasses.dataclass(frozen=True)
class Benchmark:
  """Contenders for the same work.

  Attributes:
    name: Name on the command line.
    about: Description of a run, one line.
    contenders: The contenders; the first is ours.
    wanted: Contender -> target, the largest ratio ours / theirs.
  """

  name: str
  about: str
  contenders: tuple[Contender, ...]
  wanted: dict[str, float] = dataclasses.field(default_factory=dict)


def _training(name, about, peers, wanted=None, ours=OURS, **options) -> Benchmark:
  first = Contender(ours, "benchmarks.training.ours:train", options)
  others = [
    Contender(peer, _PEERS[peer][0], options, _PEERS[peer][1]) for peer in peers
  ]
  return Benchmark(name, about, (first, *others), wanted or {})


def _variants(name, about, variants: dict[str, dict[str, Any]], wanted) -> Benchmark:
  """Our training with different options; the first is compared with the others."""
  contenders = tuple(
    Contender(label, "benchmarks.training.ours:train", options)
    for label, options in variants.items()
  )
  return Benchmark(name, about, contenders, wanted)


_ANSWERS = {
  "LiteRT, 1 thread": ("benchmarks.inference.ours:litert", ("ai_edge_litert",), {}),
  "LiteRT, 2 threads": (
    "benchmarks.inference.ours:litert",
    ("ai_edge_litert",),
    {"threads": 2},
  ),
  "SavedModel": ("benchmarks.inference.ours:saved_model", (), {}),
  "called": ("benchmarks.inference.ours:call", (), {}),
  "Keras predict": ("benchmarks.inference.ours:predict", (), {}),
  "PyTorch": ("benchmarks.inference.peers:torch", ("torch",), {}),
  "ONNX Runtime": (
    "benchmarks.inference.peers:onnx",
    ("onnxruntime", "tf2onnx"),
    {},
  ),
  "bare products": ("benchmarks.inference.peers:limit", (), {}),
}


def _answering(what, batch_size, first, wanted=None) -> Benchmark:
  options = {"what": what, "batch_size": batch_size}
  names = [first, *(name for name in _ANSWERS if name != first)]
  return Benchmark(
    f"{what}_{batch_size}",
    f"a request to {what} a batch of {batch_size}, 784-500-20-500-784",
    tuple(
      Contender(name, target, {**more, **options}, needs)
      for name in names
      for target, needs, more in [_ANSWERS[name]]
    ),
    wanted or {},
  )


_ALL = (
  _training(
    "training",
    "an epoch of 600 steps of the paper's perceptrons, 784-500-20-500-784",
    tuple(_PEERS),
    {
      "JAX scan": 1.0,
      "bare products": 1.15,
      "PyTorch": 0.60,
      "Pythae": 0.60,
      "Keras fit": 0.55,
    },
  ),
  _training(
    "training_conv",
    "100 steps of the convolutional model, 28x28x1-32-64-20 and back",
    ("PyTorch", "torch.compile", "Keras fit"),
    network="conv",
    num_examples=10_000,
  ),
  _training(
    "training_10_samples",
    "100 steps with L = 10 samples of z for each example",
    ("PyTorch", "torch.compile", "Keras fit", "JAX scan", "bare products"),
    num_examples=10_000,
    num_samples=10,
  ),
  _training(
    "training_importance",
    "20 steps of the importance-weighted bound, K = 50",
    ("PyTorch", "torch.compile", "Keras fit", "JAX scan", "bare products"),
    num_examples=2_000,
    num_samples=50,
    importance=True,
  ),
  _training(
    "training_binarized",
    "an epoch of 600 steps, with new binary images in every epoch",
    ("PyTorch", "torch.compile", "Keras fit", "JAX scan"),
    binarization="stochastic",
  ),
  Benchmark(
    "table",
    "an epoch over 1,000,000 rows of 30 mixed columns, by minibatches of 500",
    (
      Contender(OURS, "benchmarks.tables.ours:train"),
      Contender("PyTorch", "benchmarks.tables.torch_loop:train", {}, ("torch",)),
    ),
    {"PyTorch": 1.0},
  ),
  _variants(
    "binarization",
    "an epoch of 600 steps: new binary images against grey ones",
    {"stochastic": {"binarization": "stochastic"}, "grey": {}},
    {"grey": 1.15},
  ),
  _variants(
    "streaming",
    "an epoch of 600 steps: data that stream against data on the device",
    {"streamed": {"streamed": True}, "resident": {}},
    {"resident": 1 / 0.9},
  ),
  _variants(
    "mixed_precision",
    "an epoch of 600 steps: mixed_bfloat16 against float32",
    {"mixed_bfloat16": {"dtype_policy": "mixed_bfloat16"}, "float32": {}},
    {},
  ),
  _answering("decode", 1, "LiteRT, 2 threads", {"ONNX Runtime": 1.0}),
  _answering("encode", 1, "LiteRT, 2 threads", {"ONNX Runtime": 1.0}),
  _answering("decode", 256, "SavedModel", {"bare products": 1.3}),
  _answering("encode", 256, "SavedModel", {"bare products": 1.3}),
  Benchmark(
    "answers_1",
    "an eager call of the model with one example, 784-500-20-500-784",
    (
      *(
        Contender(name, "benchmarks.inference.answers:eager", {"method": method})
        for name, method in (
          ("vae(x)", "call"),
          ("vae.encode(x)", "encode"),
          ("vae.decode(z)", "decode"),
          ("vae.elbo(x, seed=0)", "elbo"),
          ("vae.sample(1, seed=0)", "sample"),
        )
      ),
      Contender("plain Keras, model(x)", "benchmarks.inference.answers:plain_call"),
    ),
  ),
  Benchmark(
    "answers_10000",
    "`predict` of 10,000 examples by a model and by plain Keras with the same layers",
    tuple(
      Contender(name, f"benchmarks.inference.answers:{target}", {"batch_size": 10_000})
      for name, target in (
        ("vae.predict(x)", "predict"),
        ("plain Keras, model.predict(x)", "plain_predict"),
      )
    ),
  ),
  Benchmark(
    "sample_256",
    "a request for 256 samples, from noise to pixels",
    tuple(
      Contender(name, f"benchmarks.inference.{target}", {}, needs)
      for name, target, needs in (
        ("SavedModel", "sampling:saved_model", ()),
        ("vae.sample", "sampling:call", ()),
        ("LiteRT, 2 threads", "sampling:litert", ("ai_edge_litert",)),
        ("PyTorch", "sampling:torch", ("torch",)),
      )
    ),
  ),
  Benchmark(
    "evidence",
    "log p(x) of 100 digits by K = 5000 importance samples",
    (
      Contender(
        OURS,
        "benchmarks.evidence:importance",
        {"num_data": 100, "num_samples": 5000},
      ),
      Contender(
        "bare products",
        "benchmarks.evidence:limit",
        {"num_data": 100, "num_samples": 5000},
      ),
    ),
    {"bare products": 1.3},
  ),
  Benchmark(
    "import",
    "a process that imports the package, or what it is made of",
    (
      Contender("aevb_tf", "benchmarks.startup:python", {"code": "import aevb_tf"}),
      Contender(
        "TensorFlow and TFP",
        "benchmarks.startup:python",
        {"code": "import tensorflow, tensorflow_probability"},
      ),
    ),
    {"TensorFlow and TFP": 1.2},
  ),
  Benchmark(
    "load",
    "MNIST from its TFDS folder: read for the first time, or from the cache",
    tuple(
      Contender(name, "benchmarks.startup:load", {"cached": cached}, (_DATA,))
      for name, cached in (("first time", False), ("cached", True))
    ),
  ),
  Benchmark(
    "help",
    "`aevb-train --help`, or a process that does nothing",
    (
      Contender(
        "aevb-train --help",
        "benchmarks.startup:help_of",
        {"name": "aevb-train"},
      ),
      Contender("python", "benchmarks.startup:python", {"code": ""}),
    ),
  ),
)
BENCHMARKS = {benchmark.name: benchmark for benchmark in _ALL}
# Names for groups of benchmarks on the command line.
FAMILIES = {"answers": ("answers_1", "answers_10000")}
