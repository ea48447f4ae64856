"""Has the source failed, and is it back for good?

Voltage (27, 59) and frequency (81) of every feed, judged each scan by vote between the relay, the
breakers and the meters that measure the same source and need not agree. A sag that ends in time is
recorded and starts nothing; an outage is confirmed after its time; a return counts when it was
stable. Verdicts are healthy, failed and unknown, and unknown is neither.

Must not know: what follows from a lost source. Transfer and generation read the verdict and
decide; detection opens no breaker. It is also no protection relay: sub-cycle tripping is the
device's own, and we detect, verify and record.

Add here: another device number as one file. Pick-up, drop-out and delay are its `Params`; drop
out wider than pick-up, or the verdict chatters.
"""
