"""Experiments, one file each: `base` has the defaults, the others what differs."""
