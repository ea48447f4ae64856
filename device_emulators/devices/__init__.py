"""One file per kind of device: its logic, its delays, what it reports and what it obeys.

A breaker with spring and contacts that take their milliseconds; a UPS, an STS, an ATS with their
own transfer logic; a set, a storage, a board controller whose own logic wakes when the heartbeat
stops; a meter, a relay. Each reads the grid, acts on it, and answers for the points its nature
declares. `device` has what all share: the command block, the heartbeat, injected happenings.
What several kinds share or what would make a file too long stands beside them (`rotating`,
`set_protection`, `load_blocks`). `kinds` says which class stands for which nature, and what a
scenario can do to it and ask of it.

Must not know: how it is served, registers and their scaling, and how fast time runs.

Add here: a kind of device as one file and a line in `kinds`, with an entry in
`daemon.model.natures`. Its docstring says what is simplified.
"""
