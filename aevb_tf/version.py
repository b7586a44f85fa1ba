"""The version, which `setup.py` reads as text and the package imports."""

__version__ = "0.1.0"
