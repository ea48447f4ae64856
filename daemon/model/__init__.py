"""The nouns: what a plant is made of and what can be said about it.

Qualities, points, the process image, device natures, the site's equipment, ANSI device numbers,
commands, events and quantities with their units. All of it is frozen, compares by value and can
be written to a journal and read back. The sign convention of the whole project, consumption
positive, is stated once in `quantities`.

Must not know: any input or output, a clock, a library that is not numpy, and any electrical
law. A bus voltage lives here; that a bus below 0.85 pu is lost is a verdict of `core`.

Add here: a device kind as an entry in `natures`, a value that two areas of the core or both
sides of the wire must share. A value that only one controller needs stays in its own file. A
float carries its unit as the last part of its name (`voltage_ll_v`, `soc_pu`), and the test of
names checks it.
"""
