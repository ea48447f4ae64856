"""The scan, its lanes, and what keeps them going."""
