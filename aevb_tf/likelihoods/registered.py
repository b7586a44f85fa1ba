"""The names of likelihoods."""

from aevb_tf.registry import Registry

_registry = Registry("likelihood")
register = _registry.register
get = _registry.get
names = _registry.names
name_of = _registry.name_of
