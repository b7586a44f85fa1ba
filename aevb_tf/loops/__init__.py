"""Many training or test steps in one compiled call, for Keras models.

The loops of Keras repeatedly get a batch from an iterator and call a function for a
step. A model with a `DeviceLoop` gives Keras a function that does not use the iterator
and runs many steps in one compiled call, which gathers its batches on the device. Data
in memory are moved to the device once; streams of `aevb_tf.data` are read in large
pieces.

Keras still handles epochs, callbacks, metrics, validation, progress and
`steps_per_epoch`. The data are passed to Keras, so that tools which inspect the
arguments of `fit` see them. Keras' own path is used for other data, for models with
replicas, with `compile(metrics=...)`, and for models compiled with `device_loop=False`.

These are replaced: `train_function` and `test_function`; while a compiled loop runs,
the value of `steps_per_execution`; and the progress bar, by one with metrics in fixed
point.

These private names of Keras are used here or in `aevb_tf.models`;
`tests/loops/test_keras.py` checks that a new version of Keras still has them:

    Model._compile_metrics             whether metrics were passed to `compile`
    Model._eval_epoch_iterator         the cached iterator of validation data in `fit`
    evaluate(_use_cached_eval_dataset) the argument with which `fit` uses this iterator
    Layer._get_call_context,           one call of a model, within which the losses of
    Layer._maybe_reset_call_context      layers add up
    Layer._flatten_layers              all layers of a network
    in_stateless_scope                 whether Keras traces one of its own functions

Files:

    device_loop   `DeviceLoop`
    entry_points  `fit` and the other methods of a model that has one
    conversion    arguments as arrays and tensors, or errors that say what to pass
    inputs        the arguments of `fit` and the other methods, in one form
    resident      batches of data on the device, and the compiled loop over them
    streamed      batches of streams
    watching      which callbacks look at every step
    progress      what `fit` and `evaluate` print
    monitor       what broke in a compiled call, and at which step
    xla           whether XLA pays on a CPU
"""

from aevb_tf.loops.device_loop import DeviceLoop

__all__ = ["DeviceLoop"]
