"""Many training or test steps in one compiled call, for Keras models.

Keras asks an iterator for a batch and a function for a step, over and over. A model that
has a `DeviceLoop` gives Keras a function that leaves the iterator alone and runs many
steps in one compiled call, which gathers its batches on the device. Data in memory are
moved to the device once; streams of `aevb_tf.data` are read in large pieces.

What stays Keras' own: epochs, callbacks, metrics, validation, progress, `steps_per_epoch`.
Keras is passed the data themselves, so that tools which look at the arguments of `fit`
see them. These take Keras' own path throughout: other data, models spread over replicas,
`compile(metrics=...)`, and every model that was compiled with `device_loop=False`.

What is replaced: `train_function` and `test_function`; while a compiled loop runs, the
value of `steps_per_execution`; and the progress bar, by one with metrics in fixed point.

What is private in Keras and used here or in `aevb_tf.models`; `tests/loops/test_keras.py`
says which of it a new version of Keras no longer has:

    Model._compile_metrics             whether metrics were passed to `compile`
    Model._eval_epoch_iterator         the cached iterator of validation data in `fit`
    evaluate(_use_cached_eval_dataset) the argument by which `fit` asks for it
    Layer._get_call_context,           one call of a model, within which the losses of
    Layer._maybe_reset_call_context      layers add up
    Layer._flatten_layers              all layers of a network
    in_stateless_scope                 whether Keras traces a function of its own

Files:

    device_loop   `DeviceLoop`
    entry_points  `fit` and the other methods of a model that has one
    conversion    arguments as arrays and tensors, or errors that say what to pass
    inputs        what `fit` and the others are given, in one form
    resident      batches of data on the device, and the compiled loop over them
    streamed      batches of streams
    watching      which callbacks look at every step
    progress      what `fit` and `evaluate` print
    monitor       what broke in a compiled call, and at which step
    xla           whether XLA pays on a CPU
"""

from aevb_tf.loops.device_loop import DeviceLoop

__all__ = ["DeviceLoop"]
