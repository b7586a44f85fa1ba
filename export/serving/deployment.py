"""Files that start a server, written only once, so that users can edit them.

All start the stock image with the same flags. Labels may name versions that are still
being loaded at the start; batching is on for the models that have parameters of their
own, see `batching`.
"""

import os
import pathlib

from aevb_tf import publish
from aevb_tf.export.serving import models_config

# The newest image whose TensorFlow reads what this package's TensorFlow writes.
TAG = "2.21.0"
GRPC_PORT, REST_PORT = 8500, 8501
_MOUNT = models_config.MOUNT

FLAGS = (
  f"--model_config_file={_MOUNT}/{models_config.FILE}",
  "--model_config_file_poll_wait_seconds=10",
  "--allow_version_labels_for_unavailable_models=true",
  "--enable_batching=true",
  "--enable_per_model_batching_parameters=true",
  f"--batching_parameters_file={_MOUNT}/batching.config",
  f"--monitoring_config_file={_MOUNT}/monitoring.config",
)


def write(base: pathlib.Path) -> list[str]:
  """Writes the files that a folder does not have yet; returns their names."""
  written = []
  for name, text in _texts().items():
    if not (base / name).exists():
      with publish.file(base / name) as partial:
        partial.write_text(text, encoding="utf-8")
      written.append(name)
  return written


def _texts():
  indented = "".join(f"      - {flag}\n" for flag in FLAGS)
  return {
    "batching.config": _BATCHING.format(threads=os.cpu_count() or 1),
    "monitoring.config": _MONITORING,
    "compose.yaml": _COMPOSE.format(
      tag=TAG, flags=indented, grpc=GRPC_PORT, rest=REST_PORT, mount=_MOUNT
    ),
    "kubernetes.yaml": _KUBERNETES.format(
      tag=TAG,
      flags=indented.replace("      -", "            -"),
      grpc=GRPC_PORT,
      rest=REST_PORT,
      mount=_MOUNT,
      config=models_config.FILE,
    ),
  }


_BATCHING = """\
# Threads that compute batches, for all models: as many as the server has processors.
# What is batched, and how, is in the batching_params.pbtxt of a version's folder; a
# version without one is not batched. `aevb-serving curve` prints the measurement.
num_batch_threads {{ value: {threads} }}
thread_pool_name {{ value: "batches" }}
"""

_MONITORING = """\
# Prometheus reads it from the REST port.
prometheus_config {
  enable: true
  path: "/monitoring/prometheus/metrics"
}
"""

_COMPOSE = """\
# Start it in this folder:  docker compose up
services:
  serving:
    image: tensorflow/serving:${{TF_SERVING_TAG:-{tag}}}
    command:
{flags}    ports:
      - "127.0.0.1:{grpc}:{grpc}"  # gRPC
      - "127.0.0.1:{rest}:{rest}"  # REST
    volumes:
      - ./:{mount}:ro
    restart: unless-stopped
    healthcheck:
      # The ports open once every model is loaded and warm.
      test: ["CMD", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/{rest}"]
      interval: 10s
"""

_KUBERNETES = """\
# Start it in this folder:
#   kubectl apply -f kubernetes.yaml
# and bring the models, {config} last, since the server waits for that file:
#   POD=$(kubectl get pod -l app=aevb-serving -o name | cut -d/ -f2)
#   for f in */ batching.config monitoring.config {config}; do
#     kubectl cp "$f" "$POD:{mount}/${{f%/}}" -c wait; done
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: aevb-serving
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 1Gi
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: aevb-serving
  labels: {{app: aevb-serving}}
spec:
  replicas: 1
  selector:
    matchLabels: {{app: aevb-serving}}
  template:
    metadata:
      labels: {{app: aevb-serving}}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "{rest}"
        prometheus.io/path: /monitoring/prometheus/metrics
    spec:
      initContainers:
        - name: wait
          image: tensorflow/serving:{tag}
          command: [bash, -c, "until [ -f {mount}/{config} ]; do sleep 1; done"]
          volumeMounts:
            - {{name: models, mountPath: {mount}}}
      containers:
        - name: serving
          image: tensorflow/serving:{tag}
          args:
{flags}          ports:
            - {{name: grpc, containerPort: {grpc}}}
            - {{name: rest, containerPort: {rest}}}
          readinessProbe:
            # The ports open once every model is loaded and warm.
            tcpSocket: {{port: rest}}
          volumeMounts:
            - {{name: models, mountPath: {mount}, readOnly: true}}
      volumes:
        - name: models
          persistentVolumeClaim: {{claimName: aevb-serving}}
---
apiVersion: v1
kind: Service
metadata:
  name: aevb-serving
spec:
  selector: {{app: aevb-serving}}
  ports:
    - {{name: grpc, port: {grpc}, targetPort: grpc}}
    - {{name: rest, port: {rest}, targetPort: rest}}
"""
