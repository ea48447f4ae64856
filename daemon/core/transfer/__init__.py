"""Which source feeds which bus, and how a bus changes over.

One file per scheme: the intake with its two utilities (ALTS), the main-tie-main (CCTS), the
automatic transfer switch, the static transfer switch, and the supervision of a UPS and its
bypass. Each is a transition table with its theory of operation at the top of the file: open or
closed transition, residual voltage decay, return after a stable time, lock-out.

Each scheme declares its authority. UPS, STS and ATS decide by themselves, in milliseconds, and
here they are verified and recorded; ALTS and CCTS are decided here, and the device's own logic
takes over when our heartbeat stops. A live-live close is permitted here and timed by the
device's own synchronism check (25).

Must not know: whether a generator is worth starting, or what the load is worth. It asks.

Add here: a scheme as one file with `TRANSITIONS`, `AFTER`, `Params`, `State` and `step`. Every
wait has a limit, and every fail-to-open or fail-to-close its own stage.
"""
