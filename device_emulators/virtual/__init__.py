"""An asyncio loop whose time jumps to the next timer, and a network that lives in memory.

The package holds only this contract as yet. Daemon and plant, with their unmodified protocol
libraries, run in one process on one loop; an idle loop advances its time to the next timer, a
connection is a pair of transports with a seeded delay, a partition drops bytes, and a loop with
nothing scheduled is a deadlock and raises. One seed gives one trace, on one machine and with one
set of versions.

Must not know: either side. It knows loops, transports and time, and would serve any asyncio
program. What costs processor time costs nothing here, so a test of overruns needs the real loop.

Add here: a behaviour of networks or time. A thread under virtual time is an error.
"""
