"""The names of priors."""

from aevb_tf.registry import Registry

_registry = Registry("prior")
register = _registry.register
get = _registry.get
names = _registry.names
