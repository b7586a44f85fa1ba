"""The names of posteriors."""

from aevb_tf.registry import Registry

_registry = Registry("posterior")
register = _registry.register
get = _registry.get
names = _registry.names
