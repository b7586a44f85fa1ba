"""Exports a trained model to artifacts that run without this package.

    import aevb_tf.export as export
    export.saved_model(vae, "served/digits/1")
    export.tflite(vae, "digits.tflite")
    export.web(vae, "digits_page", data=x_test)

| file               | what                                                         |
|--------------------|--------------------------------------------------------------|
| `signatures.py`    | the functions of an exported model, the same in every format |
| `png.py`           | the same, for clients that send and receive PNG files        |
| `saved_model.py`   | TensorFlow's SavedModel                                      |
| `tflite.py`        | one LiteRT file                                              |
| `serving/`         | a folder that TensorFlow Serving serves                      |
| `web/`             | a page that runs the model in the browser                    |
| `exporting.py`     | `aevb-export`: a run folder as a folder of these formats     |
| `verify.py`        | `aevb-verify`: every artifact against the model's answers    |
| `runtimes/`        | runs artifacts without this package                          |
| `client/`          | calls a server, over REST or gRPC                            |
"""

# The functions carry the names of their modules, and are imported after them.
from aevb_tf.export.saved_model import saved_model
from aevb_tf.export.serving.bundle import serving_bundle
from aevb_tf.export.tflite import tflite
from aevb_tf.export.web.folder import web

__all__ = ["saved_model", "serving_bundle", "tflite", "web"]
