"""Each oracle with a course made by hand: content with what is right, and only with that."""
