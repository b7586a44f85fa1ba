"""The names of bounds."""

from aevb_tf.registry import Registry

_registry = Registry("bound")
register = _registry.register
get = _registry.get
names = _registry.names
