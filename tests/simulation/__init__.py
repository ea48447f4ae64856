"""Virtual time: unmodified drivers and servers, the same bytes from the same seed.

`python -m tests.simulation.traced SEED` prints the hash of every delivery, `speed` how fast virtual
time passes. Nothing here judges the daemon against the plant yet.
"""
