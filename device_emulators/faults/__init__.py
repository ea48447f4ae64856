"""What can go wrong, on purpose: in devices, in sensors, on the wire.

Device faults (a breaker that fails to open, a set that does not crank, a battery string that
drops out), sensor faults (frozen, drifting, swapped phases, off by a scale), protocol faults
(exception codes, stale answers under a fresh transaction, cut frames), and a TCP proxy that
delays, stalls and resets connections.

Each fault has an identifier, a beginning, an end or none, and says what it touches. Tests carry
the identifiers of the faults they cover as `@pytest.mark.fault("...")`, so that a fault without
a test is found.

Must not know: the daemon. A fault that exists only to match a daemon's behaviour proves nothing.

Add here: a fault with its identifier; it can then be drawn by the simulations.
"""
