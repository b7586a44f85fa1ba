"""Tests of aevb_tf.plots."""
