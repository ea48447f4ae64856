"""The picture of a run: thinning, what is kept, the page; without a browser."""
