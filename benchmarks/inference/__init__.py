"""Contenders that answer: encode, decode, reconstruct or sample, with the same weights.

Each module's functions take the options of a `request.Request` and return a callable
that answers it again and again. What they answer is checked once against NumPy.
"""
