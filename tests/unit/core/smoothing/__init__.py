"""The smoothing of the connection's power."""
