"""Has the source failed? Under- and overvoltage, phase imbalance, frequency and its rate.

The functions of a relay by their IEEE C37.2 numbers: 27 and 59 (voltage), 47 (phase sequence
and imbalance), 81 (frequency), the rate of change of frequency, and the voting between relays
that look at the same source and do not agree. Each turns this scan's phasors and its own
pick-up timers into a verdict: healthy, failing, failed, unknown.

Must not know: what follows from a lost source. Transfer and generation read the verdict and
decide; detection opens no breaker. It is also no protection relay: sub-cycle tripping is the
device's own, and we detect, verify and record.

Add here: another device number as one file. Pick-up, drop-out and delay are its `Params`; drop
out wider than pick-up, or the verdict chatters.
"""
