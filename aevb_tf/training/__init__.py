"""Training and evaluation of a config in a run folder; see `train` and `evaluate`.

    from aevb_tf.training import configuration
    from aevb_tf.training.train import train

    train(configuration.load("digits"), "runs/digits")

Nothing is imported here, so that the commands can read their flags and print their help
before TensorFlow is loaded.
"""
