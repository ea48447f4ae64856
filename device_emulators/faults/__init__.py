"""What can go wrong, on purpose: in devices, in their instruments, on the way to them.

What a device can do wrong by itself (a breaker that fails to open, a set that does not crank, a
battery that is disconnected) stands with the device in `device_emulators.devices`. Here are the
words for the rest (`words`), and what carries them out: instruments that lie (`instruments`,
`garbling`), and the ways to gateways. A `way` is what is wrong now, a `door` stands between a
server and the sockets of its clients and lets its connections suffer it (`lane`, `frames`,
`replies`), on the desk and under virtual time alike; `proxy` puts the same door before any server.
Whole links are cut and refused by the network where there is one (`device_emulators.virtual`).

A scenario begins and ends a fault, or a person does: `live` takes requests while a plant runs,
through a `hatch`, and `standing` knows what stands. `catalogue` is the table of what may be drawn
by chance. tests/faults.yaml says which fault of the catalogue is made by which words.

Must not know: the daemon. A fault that exists only to match a daemon's behaviour proves nothing.

Add here: a word, its effect, its place in tests/faults.yaml, and a row of the catalogue once it is
handled; it is then drawn.
"""
