"""The house rules as tests: style, types, imports, names, docstrings, nothing private in the tree.

Each tool is also shown to fail on a planted violation, because a check that cannot fail is worth
nothing.
"""
