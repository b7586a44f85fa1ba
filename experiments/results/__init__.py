"""RESULTS.md: the results of the experiments, with the paper's values.

    python -m experiments results [--workdir=DIR] [--from=docs/results]

With a `--workdir`, its tables and pictures are copied first. The prose is written by
hand; `page` puts tables, and sentences that follow from them, between its markers.
"""
