"""Drivers: planning, decoding, and what they make of devices that misbehave."""
