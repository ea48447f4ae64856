"""Settings: what is accepted, and for everything that is not, where it stands and what would do."""
