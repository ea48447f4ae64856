"""Detection: what counts as a loss, and what does not."""
