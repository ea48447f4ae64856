"""What stands behind every critical load, should its supply be gone?

`autonomy` answers for every path how long the storage still connected to it would last, whether
storage carries it now, and which loads could no longer shut down in order. The answer is a fact of
the lane that balance acts on, and is kept in the state for people and metrics.

Must not know: how to mend a shortfall. It states it, with the path; balance and generation act on
it.

Add here: a question about the plant's next failure, as a function of topology, estimate and
stores. Unknown counts as failed.
"""
