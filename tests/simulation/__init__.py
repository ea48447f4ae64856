"""The daemon against the plant in virtual time: shipped scenarios, drawn faults, planted defects.

Below that, the ground it stands on: unmodified drivers and servers on the in-memory network, the
same bytes from the same seed. `python -m tests.simulation.traced SEED` prints the hash of every
delivery, `speed` how fast virtual time passes for each protocol.
"""
