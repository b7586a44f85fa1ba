"""Contenders that train the same model on the same data for an epoch.

Each module has one way to train, or several that share code. Its functions take the
options of a `workload.Workload` and return a callable that trains for one epoch. The
model is the paper's: 784-500-20-500-784, tanh, Bernoulli, Adagrad, minibatches of 100.
"""
