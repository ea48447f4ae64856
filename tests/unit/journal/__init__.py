"""The record: written, cut, verified, read back."""
