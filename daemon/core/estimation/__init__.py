"""What the plant's electrical state most likely is, and how far to trust it.

As yet the estimate passes measurements through (`pass_through`): the best good measurement of every
bus and piece of equipment, the worst quality of what went into it, and dead where topology says
dead. Nothing is solved, so no sensor is suspected. The shape is final (`daemon.model.estimate`):
a solver fills the same arrays, and says how sure it is.

Must not know: the emulated plant. The plant's physics and this package share no line of network
mathematics, or the one could not prove the other wrong.

A full factorisation of a large network is slow work: it leaves the scan as a request and comes
back through the inbox. Factorisations are caches, rebuilt from values, and never part of the
state.

Add here: a kind of measurement with its row of the Jacobian, a test of residuals, a component's
branch model, each with its source and the shapes of its arrays.
"""
