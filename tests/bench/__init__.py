"""Measurements as ratios within one run, with the processor steal beside every latency.

`python -m tests.bench NAME [--json]` prints a table or one JSON object. Exit 0 when all targets
hold, 1 when one is missed, 3 when the machine was too disturbed to say.
"""
