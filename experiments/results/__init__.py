"""RESULTS.md: what the experiments gave, beside what the paper reads.

    python -m experiments results [--workdir=DIR] [--from=docs/results]

With a `--workdir`, its tables and pictures are taken over first. Every number of the page
comes from a table; a figure whose table is not there is said not to have been run.
"""
