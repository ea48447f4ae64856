"""What would happen if the next thing failed?

For every path from a source to a critical load: does it survive the loss of any one device (N-1),
how many minutes of autonomy stand behind it, which reserve is left, and which planned action
would leave it without a second leg. The answers are shown to the operator, asked by the
interlocks before a planned transfer, and counted as the reserve that economy may not spend.

Must not know: how to mend a shortfall. It states it, with the path and the device that would
have to fail; balance and generation act on it.

Add here: a question about the plant's next failure, as a function of topology, estimate and
stores. Unknown counts as failed.
"""
