"""One small error at a time in a good file, found at the right line and column."""
