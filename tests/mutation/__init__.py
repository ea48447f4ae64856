"""Small wrongs put into the code that switches, to see whether a test notices each of them.

`python -m tests.mutation` works on a copy. Every test that judges the core runs once, which tells
how long it takes and what it goes through; then, for each mutant (`mutants`), the tests that go
through the place run, the fastest first, until one fails (`trial`). A test that fails without any
mutant judges nothing.

A mutant that cannot be told from the original stands in `equivalent.yaml` with its reason and is
not drawn. A test that comes to no end within three times its processor time counts as one that
fails.

Add here: a way to be wrong in `mutants`.
"""
