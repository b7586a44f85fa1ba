"""Tests of `aevb_tf.data`."""
