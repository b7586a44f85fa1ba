"""Timings of the package and of its alternatives.

  python -m benchmarks [NAME ...] [--rounds=5] [--json=FILE]

| file           | what                                                          |
|----------------|---------------------------------------------------------------|
| `suite.py`     | the benchmarks: contenders, workloads and target ratios       |
| `rounds.py`    | runs contenders in turn, each in a separate process           |
| `worker.py`    | that process                                                  |
| `table.py`     | medians, ratios and their spread, as text and as JSON         |
| `machine.py`   | the machine                                                   |
| `training/`    | the contenders that train                                     |

A ratio is computed within a round, in which the contenders run one right after the
other. The result is its median over the rounds, since the speed of the machine drifts
and ratios do not.
"""
