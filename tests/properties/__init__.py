"""The laws, held by hypothesis for whatever it can think of.

Every transition table is total, reachable and free of traps; every wait ends; energy is kept;
interlocks are never talked round; a worse quality never makes a decision bolder; what is written
reads back the same. A counterexample found once stays as an `@example`.
"""
