"""A page that runs the model in the browser: a static folder, nothing to build.

    import aevb_tf.export as export
    export.web(vae, "digits_page", data=x_test)

To look at it, run `python -m http.server` in that folder.

| file             | what                                                           |
|------------------|----------------------------------------------------------------|
| `folder.py`      | writes the folder                                              |
| `latent_axes.py` | what the sliders move along, measured on data                  |
| `litertjs.py`    | fetches LiteRT.js, the runtime of the page                     |
| `static/`        | the page: HTML, CSS, and modules of JavaScript as they are     |
"""
