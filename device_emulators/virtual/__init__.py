"""An asyncio loop whose time jumps to the next timer, and a network that lives in memory.

Daemon and plant, with their unmodified protocol libraries, run in one process on one loop: `run`
is the door. An idle loop advances its time to the next timer (`loop`), a connection is a pair of
transports with a seeded delay (`stream`), links can be refused, stalled, cut in one direction,
reset, or left half-open (`network`), a machine can be paused as a whole, and libraries that look at
the machine's clocks see the virtual ones (`timepatch`). A loop with nothing scheduled is a deadlock
and raises. One seed gives one trace, byte for byte, on one machine and with one set of versions.

Must not know: either side. It knows loops, transports and time, and would serve any asyncio
program. What costs processor time costs nothing here, a network has no limit to what it carries,
and there is no TLS: a test of overruns, of congestion or of encryption needs the real loop.

Add here: a behaviour of networks or time. A thread under virtual time is an error.
"""
