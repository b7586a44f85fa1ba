"""A published folder is what TensorFlow Serving reads, by its own messages."""

import contextlib
import os
import re
import threading
import time

import numpy as np
import pytest
import yaml
from google.protobuf import (
  descriptor_pb2,
  descriptor_pool,
  message_factory,
  text_format,
)
from google.protobuf import wrappers_pb2 as wrappers

import aevb_tf.export as export
from aevb_tf.export import manifest, png, runtimes
from aevb_tf.export.client import images, messages
from aevb_tf.export.serving import batching, deployment, models_config, warmup
from tests.export.serving.conftest import NAME


def test_what_is_in_the_folder(bundle):
  assert set(os.listdir(bundle)) == {
    NAME,
    "batching.config",
    "compose.yaml",
    "kubernetes.yaml",
    "models.config",
    "monitoring.config",
  }
  assert os.listdir(bundle / NAME) == ["1"]


def test_the_models_config_parses_with_the_official_messages(bundle):
  (entry,) = models_config.read(bundle).model_config_list.config
  assert (entry.name, entry.base_path) == (NAME, f"/models/{NAME}")
  assert entry.model_platform == "tensorflow"
  assert entry.model_version_policy.WhichOneof("policy_choice") == "all"
  assert dict(entry.version_labels) == {"stable": 1, "canary": 1}


def test_every_warm_up_record_is_answered_as_recorded(bundle, expected, tensorflow_c):
  """Records parse with the official messages, and the C++ loader answers them."""
  folder = bundle / NAME / "1"
  logs = warmup.read(folder)
  calls = [
    runtimes.Call(
      log.request.model_spec.signature_name, messages.arrays(log.request.inputs)
    )
    for log in logs
  ]
  assert {call.signature for call in calls} == {*expected, *png.NAMES}
  assert {log.request.model_spec.name for log in logs} == {NAME}
  for log, answer in zip(logs, runtimes.run(tensorflow_c, folder, calls), strict=True):
    recorded = messages.arrays(log.response.outputs)
    assert set(recorded) == set(answer.outputs)
    for name, value in answer.outputs.items():
      pair = [recorded[name], value]
      if name == "png_bytes":
        pair = [images.decode(files) for files in pair]
      tolerance = 1.01 / 255 if name == "png_bytes" else 1e-5
      np.testing.assert_allclose(*pair, 1e-5, tolerance)


@contextlib.contextmanager
def watched(folder):
  """Inside, a thread lists every version it sees, as a server that polls does."""
  seen, done = {}, threading.Event()

  def watch():
    while not done.is_set():
      for name in os.listdir(folder):
        if name.isdecimal() and name not in seen:
          seen[name] = manifest.files(folder / name)

  thread = threading.Thread(target=watch)
  thread.start()
  try:
    yield seen
  finally:
    time.sleep(0.1)
    done.set()
    thread.join()


def test_the_next_version_is_the_canary_and_nothing_is_overwritten(vae, x, copied):
  few = {"only": ["decode"], "examples": x}
  (copied / "compose.yaml").write_text("mine")
  with watched(copied / NAME) as seen:
    path = export.serving_bundle(vae, copied, name=NAME, **few)
  assert path == copied / NAME / "2"
  assert set(seen) == {"1", "2"}
  assert seen["2"] == manifest.files(path) == seen["1"]  # never a part of it
  entry = models_config.find_model(models_config.read(copied), NAME)
  assert dict(entry.version_labels) == {"stable": 1, "canary": 2}
  assert (copied / "compose.yaml").read_text() == "mine"
  with pytest.raises(FileExistsError, match="nothing is overwritten"):
    export.serving_bundle(vae, copied, name=NAME, version=1, **few)


def test_what_fails_leaves_no_version_and_no_label(vae, copied, monkeypatch):
  def full(*args):
    raise OSError(28, "No space left on device")

  before = (copied / "models.config").read_bytes()
  monkeypatch.setattr(warmup, "write", full)
  with pytest.raises(OSError, match="No space left"):
    export.serving_bundle(vae, copied, name=NAME, only=["decode"])
  assert models_config.versions(copied, NAME) == [1]
  assert os.listdir(copied / NAME) == ["1"]
  assert (copied / "models.config").read_bytes() == before


@pytest.mark.parametrize(
  "options, message",
  [
    ({"name": "../up"}, "letters, digits"),
    ({"version": 0}, "1 or more"),
    ({"batching": True, "only": ["decode", "elbo"]}, "elbo: one seed"),
  ],
)
def test_invalid_arguments(vae, tmp_path, options, message):
  with pytest.raises(ValueError, match=message):
    export.serving_bundle(vae, tmp_path, **options)
  assert os.listdir(tmp_path) == []


# The package of TensorFlow Serving's messages lacks these two. Their fields, as the
# published `.proto` files name and type them, are declared here.
_FIELDS = {
  "BatchingParameters": {
    "max_batch_size": "Int64Value",
    "batch_timeout_micros": "Int64Value",
    "max_enqueued_batches": "Int64Value",
    "num_batch_threads": "Int64Value",
    "thread_pool_name": "StringValue",
    "enable_large_batch_splitting": "BoolValue",
    "max_execution_batch_size": "Int64Value",
  },
  "MonitoringConfig": {"prometheus_config": "PrometheusConfig"},
}


def parsed(kind, text):
  """A text file as a message of a declared kind."""
  file = descriptor_pb2.FileDescriptorProto(
    name="declared.proto", package="declared", syntax="proto3"
  )
  file.dependency.append(wrappers.DESCRIPTOR.name)
  prometheus = file.message_type.add(name="PrometheusConfig")
  prometheus.field.add(name="enable", number=1, type=8, label=1)
  prometheus.field.add(name="path", number=2, type=9, label=1)
  for name, fields in _FIELDS.items():
    message = file.message_type.add(name=name)
    for i, (field, of) in enumerate(fields.items()):
      home = "declared" if of == "PrometheusConfig" else "google.protobuf"
      message.field.add(
        name=field, number=i + 1, type=11, label=1, type_name=f".{home}.{of}"
      )
  pool = descriptor_pool.DescriptorPool()
  pool.AddSerializedFile(wrappers.DESCRIPTOR.serialized_pb)
  pool.Add(file)
  found = pool.FindMessageTypeByName(f"declared.{kind}")
  return text_format.Parse(text, message_factory.GetMessageClass(found)())


def test_the_other_configs_parse(bundle):
  threads = parsed("BatchingParameters", (bundle / "batching.config").read_text())
  assert threads.num_batch_threads.value >= 1
  monitoring = parsed("MonitoringConfig", (bundle / "monitoring.config").read_text())
  assert monitoring.prometheus_config.enable


def test_a_batched_model_has_row_wise_signatures_and_measured_parameters(vae, tmp_path):
  path = export.serving_bundle(vae, tmp_path, batching=True)
  signatures = {log.request.model_spec.signature_name for log in warmup.read(path)}
  assert signatures == set(batching.ROW_WISE)
  chosen = parsed("BatchingParameters", (path / batching.FILE).read_text())
  assert chosen.max_execution_batch_size.value in batching.SIZES
  assert chosen.max_batch_size.value >= chosen.max_execution_batch_size.value
  assert chosen.enable_large_batch_splitting.value


def test_the_choice_of_a_batch():
  """A call costs 1 ms, and 0.1 ms for each row: 90% of the limit at 81 rows or more."""
  curve = [batching.Point(n, 1e-3 + 1e-4 * n) for n in (1, 2, 4, 64, 128, 1024, 4096)]
  chosen = batching.choose(curve)
  assert chosen == batching.Batching(128, 1100)
  assert re.search(r"128 .*<- chosen", batching.format_table(curve))


@pytest.mark.parametrize("name", ["compose.yaml", "kubernetes.yaml"])
def test_the_manifests_start_the_stock_image_with_every_flag(bundle, name):
  documents = list(yaml.safe_load_all((bundle / name).read_text()))
  if name == "compose.yaml":
    (service,) = documents[0]["services"].values()
    flags, image = service["command"], service["image"]
    assert service["volumes"] == ["./:/models:ro"]
  else:
    assert [d["kind"] for d in documents] == [
      "PersistentVolumeClaim",
      "Deployment",
      "Service",
    ]
    (container,) = documents[1]["spec"]["template"]["spec"]["containers"]
    flags, image = container["args"], container["image"]
    assert container["volumeMounts"][0]["mountPath"] == "/models"
  assert tuple(flags) == deployment.FLAGS
  assert image.startswith("tensorflow/serving:")
  for flag in flags:  # what they name is there
    if "=/models/" in flag:
      assert (bundle / flag.split("=/models/")[1]).exists()
