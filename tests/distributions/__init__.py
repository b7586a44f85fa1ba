"""Tests of `aevb_tf.distributions`: z = g(eps, params), and its density."""
