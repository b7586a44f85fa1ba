"""Packaging of aevb_tf: three folders of the checkout, one import namespace.

`export/` and `configs/` lie beside `aevb_tf/` because they are rooms of their own,
and are installed inside it, as `aevb_tf.export` and `aevb_tf.configs`: nothing called
`export` or `configs` lands in anybody's site-packages. Beside the package there is one
module, `aevb_tf_cli`, which has the console scripts. `experiments/` and `benchmarks/` are
run from a checkout, and are not installed.
"""

import pathlib
import re

import setuptools

ROOT = pathlib.Path(__file__).parent
VERSION = re.search(
  r'__version__ = "([^"]+)"', (ROOT / "aevb_tf" / "version.py").read_text()
).group(1)
README = ROOT / "README.md"
FOLDERS = {
  "aevb_tf": "aevb_tf",
  "aevb_tf.export": "export",
  "aevb_tf.configs": "configs",
}


def packages() -> list[str]:
  """Returns every package that the folders hold, under its installed name."""
  return [
    name
    for package, folder in FOLDERS.items()
    for name in [
      package,
      *(f"{package}.{below}" for below in setuptools.find_packages(ROOT / folder)),
    ]
  ]


setuptools.setup(
  name="aevb_tf",
  version=VERSION,
  description="Auto-Encoding Variational Bayes in Keras and TensorFlow Probability.",
  long_description=README.read_text(encoding="utf-8") if README.exists() else "",
  long_description_content_type="text/markdown",
  license="Apache-2.0",
  python_requires=">=3.11",
  package_dir=FOLDERS,
  packages=packages(),
  py_modules=["aevb_tf_cli"],
  package_data={
    "aevb_tf": ["py.typed"],
    "aevb_tf.export.web": ["static/*", "static/*/*"],
  },
  zip_safe=False,
  install_requires=[
    "absl-py>=2.1",
    # Read by tensorflow-datasets, which does not ask for it.
    "importlib_resources>=6.0",
    # 3.14 brings the security fixes of `keras.models.load_model`.
    "keras>=3.14",
    "matplotlib>=3.9",
    "ml_collections>=1.1",
    "mlxtend>=0.23.4",
    "numpy>=1.26",
    "pillow>=10.3",
    # Reads tables. tensorflow-datasets brings it, too.
    "pyarrow>=15.0",
    "scikit-learn>=1.4",
    "scipy>=1.13",
    "tensorboard",
    "tensorflow>=2.21,<2.22",
    "tensorflow-datasets>=4.9.10",
    "tensorflow-probability>=0.25",
    # TensorFlow Probability imports it, at TensorFlow's own version.
    "tf-keras>=2.21,<2.22",
    "tqdm>=4.66",
  ],
  extras_require={
    "gpu": ["tensorflow[and-cuda]>=2.21,<2.22"],
    # Runs what `aevb_tf.export.tflite` writes.
    "tflite": ["ai-edge-litert>=2.1"],
    # Messages of TensorFlow Serving: to publish for it, and to ask it over gRPC.
    "serving": ["tensorflow-serving-api>=2.21,<2.22"],
    # Another server for the same folder.
    "kserve": ["kserve>=0.15", "tensorflow-serving-api>=2.21,<2.22"],
    # Drives the system's Chromium in the tests of the exported page.
    "browser": ["playwright>=1.50"],
    # The peers that `python -m benchmarks` runs beside this package.
    "bench": [
      "ai-edge-litert>=2.1",
      "jax>=0.10",
      "onnxruntime>=1.31",
      "optax>=0.2.8",
      "pythae>=0.1.2",
      "tf2onnx>=1.17",
      "torch>=2.13",
    ],
    # What `python -m experiments imputation` compares with.
    "experiments": [
      # miceforest 6.0.5 calls a method that 4.7 does not have.
      "lightgbm>=4.1,<4.7",
      "miceforest>=6.0.5",
      "pandas>=2.1",
      "scikit-learn>=1.4",
    ],
    # What docs/howto/pipelines.md runs.
    "pipelines": [
      "keras-tuner>=1.4.7",
      "mlflow>=3.1",
      "optuna>=4.0",
      "wandb>=0.17",
    ],
    # Builds the documentation site.
    "docs": [
      "jupytext>=1.16",
      "latex2mathml>=3.77",
      "mkdocs-jupyter>=0.25",
      "mkdocs-material>=9.5",
      "mkdocstrings[python]>=0.29",
    ],
    "dev": [
      "ai-edge-litert>=2.1",
      "build>=1.2",
      "lightgbm>=4.1,<4.7",
      "miceforest>=6.0.5",
      "mypy>=2.0",
      "playwright>=1.50",
      "pyyaml",
      "pytest>=8.3",
      "pytest-xdist>=3.6",
      "ruff>=0.14",
      "setuptools>=64",
      "tensorflow-serving-api>=2.21,<2.22",
      "wheel",
    ],
  },
  entry_points={
    "console_scripts": [
      "aevb-train = aevb_tf_cli:train",
      "aevb-evaluate = aevb_tf_cli:evaluate",
      "aevb-apply = aevb_tf_cli:apply",
      "aevb-export = aevb_tf_cli:export",
      "aevb-verify = aevb_tf_cli:verify",
      "aevb-client = aevb_tf_cli:client",
      "aevb-serving = aevb_tf_cli:serving",
    ]
  },
  classifiers=[
    "Programming Language :: Python :: 3",
    "Topic :: Scientific/Engineering :: Artificial Intelligence",
    "Typing :: Typed",
  ],
)
