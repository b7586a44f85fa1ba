"""Experiments, one file each: `base` holds the defaults, the others what differs."""
