"""Transfer: every scheme, driven scan by scan."""
