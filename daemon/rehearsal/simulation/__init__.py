"""The unmodified daemon and the plant in virtual time: an incident rehearsed before it happens.

`run` builds the daemon by the same `app.build` as production, in a world of its own (`world`), and
plays a scenario on the plant beside it. Observers (`observer`) see everything on both sides and
change nothing: the oracles judge the plant's truth, `fingerprint` makes the hash by which two runs
are compared, the picture draws. One seed decides everything that chance decides, so one seed is
one run, byte for byte, on one machine.

**Depth.** `wire`: real frames between the real drivers and servers over a network in memory.
`image`: the driver takes the values straight from the plant, with the rounding of the registers
and at the same periods, which is more than ten times as fast.

**Faults.** What a scenario does to gateways and to the daemon's process is carried out by `reach`.
**Swarm.** `swarm` draws faults by seed; each is a happening of the scenario format, so what fails
is shrunk (`shrink`) and written out (`found`) as a scenario that reproduces it.

Must not know: how the daemon decides. An oracle that asked the daemon's own code whether an action
was right would agree with its mistakes.

Add here: an observer, and name it where a run is put together.
"""
