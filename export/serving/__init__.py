"""A folder that TensorFlow Serving's stock image serves, and what looks after it.

    BASE/NAME/VERSION/                a SavedModel, and requests to warm up with
    BASE/models.config                which models there are, and the labels of versions
    BASE/batching.config, monitoring.config, compose.yaml, kubernetes.yaml

| file               | what                                                         |
|--------------------|--------------------------------------------------------------|
| `bundle.py`        | publishes a version                                          |
| `from_export.py`   | publishes what `aevb-export` wrote                           |
| `warmup.py`        | requests, and what the model answers to them                 |
| `batching.py`      | how many rows to compute at once, measured                   |
| `deployment.py`    | the files that start the server                              |
| `models_config.py` | reads and replaces `models.config`                           |
| `labels.py`        | publish, promote, roll back, prune                           |
| `check.py`         | compares a server's answers with the recorded ones           |
| `kserve_model.py`  | serves the same folder in KServe                             |

Needs `pip install 'aevb_tf[serving]'`: TensorFlow Serving's own message classes.
"""
