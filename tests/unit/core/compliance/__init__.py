"""Traces made by hand against single limits, and the same however they are cut."""
