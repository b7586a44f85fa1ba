"""RESULTS.md: what the experiments gave, beside what the paper reads.

    python -m experiments results [--workdir=DIR] [--from=docs/results]

With a `--workdir`, its tables and pictures are taken over first. The prose is written by
hand; `page` puts tables, and sentences that follow from them, between its markers.
"""
