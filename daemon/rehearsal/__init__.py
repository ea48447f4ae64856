"""The daemon against the emulated plant: demonstration, simulation, proof.

The one package that knows both sides. It builds the unmodified daemon and a plant of
`device_emulators`, on real sockets for a demonstration or in virtual time for a thousand seeded
runs, plays a scenario or draws faults, and lets oracles judge the plant's truth and not the
daemon's opinion of it: was a critical load unfed longer than its fastest healthy path allows,
did an action of ours put two unsynchronised sources in parallel, was a reserve spent on economy,
was every fault alarmed in its time.

Must not know: how the daemon is wired; it asks `daemon.app` for one, with another world. Nothing
in the daemon may import this package but `daemon.cli`.

Add here: an oracle, a report, a way to draw faults. A scenario needs no code but one file in
config/scenarios. A seed that once failed is kept for ever.
"""
