"""`ridethrough backtest`: what peak shaving would have made of a load that was measured.

`course` turns a trace into control periods, `policies` says what aims at which demand, `drive` lets
the controller of `daemon.core.balance.shaving` hold it with a storage that has losses, limits and a
reserve, `command` says it, as JSON and as a page.

What every policy knows is the mean of the last control period and what lies before: never the
period that runs, and nothing of the window that is billed before it has passed. All have the same
storage, full at the begin, and the same reserve withheld; all hold their aim in the same way, so
that what differs is the aim. The optimum alone knows the future.

Must not know: the plant and its emulation, or how an aim is found.

Add here: another policy as one entry in `policies`.
"""
