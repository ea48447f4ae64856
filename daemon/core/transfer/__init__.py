"""Which source feeds which bus, and how a bus changes over.

The intake with its two utilities (`intake`), the main-tie-main board (`main_tie_main`, with the
table of one section in `section`, that of the intake breaker in `joint`, their events in `guards`,
what may feed a section in `ways`, settings and memory in `board`, and what load sets may be given
in `acceptance` and `rows`, and in `opened` which feeders a new daemon has to close again after the
one before), the start of a dark board at a person's word (`black_start`), the supervision of UPS,
STS and ATS (`supervision`), what a person has to end (`standstill`), and the word to the main lane
(`bulletin`). Each is a transition table with its theory of operation at the top of the file: closed
transition with a bounded overlap, open transition when synchronism does not come, return after a
stable time, lock-out.

Each scheme declares its authority. UPS, STS and ATS decide by themselves, in milliseconds, and
here they are verified and recorded; ALTS and CCTS are decided here, and the device's own logic
takes over when our heartbeat stops. A live-live close is permitted here and timed by the
device's own synchronism check (25).

Must not know: whether a generator is worth starting, or what the load is worth. It asks.

Add here: a scheme as one file with its table, `Params`, `State`, `initial` and `step`. Every wait
has a limit, and every breaker that does not open or close has somewhere to go.
"""
