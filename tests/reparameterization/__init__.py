"""Tests of z = g(eps, params)."""
