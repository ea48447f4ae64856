"""What stands behind every critical load, and whom the next failure would cost.

`autonomy` answers for every path how long the storage still connected to it would last, whether
storage carries it now, and which loads could no longer shut down in order; `feeds` says the same of
each feed alone. What stands on whose path is looked up once for each diagram (`joints`); `lasting`
is the arithmetic of stores. The answer is a fact of the lane that balance acts on, and is kept in
the state for people and metrics.

`n_minus_1` takes every source, transformer, converter and tie away in thought and says who is lost,
after how long, and what is overloaded. It goes zone by zone (`zone`); `outlook` is all of a zone
that depends on its switches and not on its powers, over what conducts or closes by itself.

Must not know: how to mend a shortfall. It states it, with the path; balance and generation act on
it.

Add here: a question about the plant's next failure, as a function of topology, estimate and
stores. Unknown counts as failed.
"""
