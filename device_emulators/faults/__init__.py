"""What can go wrong, on purpose: in devices, in sensors, on the wire.

The package holds only this contract as yet. What a device can do wrong today (a breaker that fails
to open, a set that does not crank, a battery that is disconnected) stands with the device in
`device_emulators.devices` and is set off by a scenario's timeline; a gateway that falls silent, in
`device_emulators.servers`. Faults of sensors (frozen, drifting, off by a scale) and of the wire
(stale answers, cut frames, a TCP proxy that delays, stalls and resets) are to come here.

Each fault has an identifier, listed in tests/faults.yaml, a beginning, an end or none, and says
what it touches.

Must not know: the daemon. A fault that exists only to match a daemon's behaviour proves nothing.

Add here: a fault with its identifier; it can then be drawn by the simulations.
"""
