"""Generation: sets and on-site sources, driven scan by scan."""
