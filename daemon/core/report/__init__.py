"""The transfer report: what came of a transfer, from what the daemon itself said and saw.

`rest` tells when a transfer begins and when all is at rest again, from the events alone. `subjects`
says which values of a site are worth keeping meanwhile, `samples` keeps them in bounded room.
When a transfer is over, `account` makes the report of what was heard and kept: `stages` and `deeds`
read the events, `looks` the values, `judging` holds figures against the limits of `limits`. The
shell feeds all of this live, from a journal of last night, and from a simulation: it is the same
code on the same record.

Nothing here switches anything and no controller reads it.

**What the times are.** An event bears the time of the scan that saw it. Before that lie the
device's own filter, the polling of its value and the wait for the scan, so a figure can be late by
`within_s` and is never early. What happens within milliseconds in a UPS, a static switch or a
protection relay is theirs: the report says when its effect was seen, and a dip shorter than the
polling of a meter does not appear in it.

Must not know: the emulated plant, the journal, any page.

Add here: a stage as a row of `stages.STEPS`, a limit in `limits` and its judgement in `judging`.
"""
