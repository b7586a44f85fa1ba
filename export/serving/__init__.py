"""A folder that TensorFlow Serving's stock image serves, and its maintenance.

    BASE/NAME/VERSION/                a SavedModel, and requests to warm up with
    BASE/models.config                which models there are, and the labels of versions
    BASE/batching.config, monitoring.config, compose.yaml, kubernetes.yaml

| file               | what                                                         |
|--------------------|--------------------------------------------------------------|
| `bundle.py`        | publishes a version: a model, or what `aevb-export` wrote    |
| `warmup.py`        | recorded requests and answers; compares a server's answers   |
| `batching.py`      | how many rows to compute at once, measured                   |
| `deployment.py`    | the files that start the server                              |
| `models_config.py` | `models.config`: promote, roll back, prune                   |
| `kserve_model.py`  | serves the same folder in KServe                             |

Needs `pip install 'aevb_tf[serving]'`: TensorFlow Serving's own message classes.
"""
