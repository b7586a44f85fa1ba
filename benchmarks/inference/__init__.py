"""Contenders that encode, decode, reconstruct or sample, with the same weights.

The functions of each module take the options of a `request.Request` and return a
callable that repeats the request. The result is compared once with NumPy.
"""
