"""The options of `aevb-export`, defined without loading TensorFlow."""

import dataclasses
from typing import Literal, TypeAlias, get_args

FormatName: TypeAlias = Literal["saved_model", "tflite", "serving", "web"]
QuantizationKind: TypeAlias = Literal["none", "float16", "dynamic", "int8"]
FORMATS: tuple[FormatName, ...] = get_args(FormatName)
QUANTIZATION_KINDS: tuple[QuantizationKind, ...] = get_args(QuantizationKind)
MAX_SAMPLES = 1024
NUM_IMPORTANCE_SAMPLES = 100


@dataclasses.dataclass(frozen=True)
class ExportConfig:
  """How a run is exported.

  Attributes:
    formats: Names of the formats.
    name: Name of the export; by default the name of the run's config.
    quantize: As in `tflite`; judged on the run's own test data.
    max_nats: As in `tflite`.
    max_samples: The most that `sample` draws in one request.
    num_importance_samples: K of `log_marginal`.
    batch_size: Batch size of the files with a fixed batch.
    data_dir: Folder with prepared data; by default the folder used for training.
    detector: File of an `AnomalyDetector` of the run's model, which adds the signature
      `anomaly`; None for none.
    litertjs: Folder with LiteRT.js, as in `web`.
  """

  formats: tuple[str, ...] = ("saved_model", "tflite")
  name: str | None = None
  quantize: QuantizationKind = "none"
  max_nats: float = 1.0
  max_samples: int = MAX_SAMPLES
  num_importance_samples: int = NUM_IMPORTANCE_SAMPLES
  batch_size: int = 1
  data_dir: str | None = None
  detector: str | None = None
  litertjs: str | None = None
