"""A trained model as artifacts that need nothing of this package to run.

    import aevb_tf.export as export
    export.saved_model(vae, "served/digits/1")
    export.tflite(vae, "digits.tflite")
    export.web(vae, "digits_page", data=x_test)

| file               | what                                                         |
|--------------------|--------------------------------------------------------------|
| `signatures.py`    | what an exported model answers, the same in every format     |
| `png.py`           | the same, for clients that send and get PNG files            |
| `saved_model.py`   | TensorFlow's SavedModel                                      |
| `tflite.py`        | one LiteRT file                                              |
| `serving/`         | a folder that TensorFlow Serving serves                      |
| `web/`             | a page that runs the model in the browser                    |
| `client/`          | asks a server, over REST or gRPC                             |
| `runtimes/`        | runs artifacts without this package                          |
"""

# The functions carry the names of their modules, and are imported after them.
from aevb_tf.export.saved_model import saved_model
from aevb_tf.export.serving.bundle import serving_bundle
from aevb_tf.export.tflite import tflite
from aevb_tf.export.web.folder import web

__all__ = ["saved_model", "serving_bundle", "tflite", "web"]
