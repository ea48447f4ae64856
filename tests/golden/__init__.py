"""Transcripts of scenarios, kept as text and reviewed as diffs.

A change of behaviour shows here as the lines an operator would have read. A transcript is written
anew on purpose, never by a test that runs by itself: `pytest tests/golden --refresh-golden`.
"""
