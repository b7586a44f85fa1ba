"""Timings of the package beside what people would use in its place.

  python -m benchmarks [NAME ...] [--rounds=5] [--json=FILE]

| file           | what                                                          |
|----------------|---------------------------------------------------------------|
| `suite.py`     | the benchmarks: who runs, on what, and which ratio is wanted  |
| `rounds.py`    | runs contenders in turn, each in a process of its own         |
| `worker.py`    | that process                                                  |
| `table.py`     | medians, ratios and their spread, as lines and as JSON        |
| `machine.py`   | what they were measured on                                    |
| `training/`    | the contenders that train                                     |

A ratio is taken within a round, where the contenders ran one right after the other, and
its median over the rounds is what counts: the machine's speed drifts, ratios do not.
"""
