"""Pictures that only the experiments draw; all others are in `aevb_tf.plots`."""
