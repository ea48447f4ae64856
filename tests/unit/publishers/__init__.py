"""What leaves to the north, and what does not stop when nobody listens."""
