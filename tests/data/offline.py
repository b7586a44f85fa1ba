"""TFDS without its look at Google's storage, which it takes before it prepares."""

import contextlib
from unittest import mock

from tensorflow_datasets.core.utils import gcs_utils


@contextlib.contextmanager
def offline():
  """Within it, TFDS finds nothing on Google's storage."""
  with (
    mock.patch.object(gcs_utils, "gcs_dataset_info_files", lambda *_: None),
    mock.patch.object(gcs_utils, "is_dataset_on_gcs", lambda *_: False),
  ):
    yield
