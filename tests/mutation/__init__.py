"""Small wrongs put into the code that switches, to see whether a test notices each of them.

`python -m tests.mutation` works on a copy. Every test that may notice something (`judging.JUDGED`)
runs once, which tells how long it takes and which statements it goes through (`marks`); then, for
each mutant (`mutants`), the tests that go through its statement run until one fails, first those
that notice most for the time they take (`trial`). For a mutant in what an import runs, a table or a
constant, those are all that judge its file. A test that fails without any mutant judges nothing,
and a mutant that only tests beyond `--patience` would notice counts as one that lives.

A mutant that cannot be told from the original stands in `equivalent.yaml` with its reason and is
not drawn. A test that comes to no end within three times its processor time counts as one that
fails.

Add here: a way to be wrong in `mutants`.
"""
