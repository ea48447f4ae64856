"""The scan and what keeps it going: clock, lanes, supervisor, workers, replay.

A lane is one loop over one device set with one period: wait for the tick, read, freeze, step,
record, act, publish. The grid is fixed; a late scan is counted and reported, and the next one
does not slide. A lane whose own code failed stops in its fail-safe, where the devices' own logic
takes over; the supervisor starts again what may be started again. Commands leave through queues and
workers compute what a scan must not wait for; replay feeds a journal through the same step.

Must not know: a concrete protocol, a site, the emulated plant. What it runs is handed to it by
`daemon.app`, and so is every resource of the operating system: a simulation hands it others.

`clock` is the only module that imports `time`. Everything else is given a time.

Add here: what concerns when and how a scan runs. What a scan decides belongs to `core`.
"""
