"""What the plant's electrical state most likely is, and how far to trust it.

The network model of the site as matrices, measurements with their sigma, weighted least squares,
observability, bad-data detection and identification, the estimate of breaker status where the
analogues contradict a contact, and the estimated state of stores. The estimate carries its age
and its residuals, so that a reader can refuse it.

Must not know: the emulated plant. The plant's physics and this estimator share no line of
network mathematics, or the one could not prove the other wrong.

A full factorisation of a large network is slow work: it leaves the scan as a request and comes
back through the inbox. Factorisations are caches, rebuilt from values, and never part of the
state.

Add here: a kind of measurement with its row of the Jacobian, a test of residuals, a component's
branch model, each with its source and the shapes of its arrays.
"""
