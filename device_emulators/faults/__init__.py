"""What can go wrong, on purpose: in devices, in their instruments, on the way to them.

What a device can do wrong by itself (a breaker that fails to open, a set that does not crank, a
battery that is disconnected) stands with the device in `device_emulators.devices`. Here are the
words for the rest (`words`), instruments that lie (`instruments`), and the table of what may be
drawn by chance (`catalogue`). What becomes of a way to a gateway belongs to whoever carries it: the
servers on the desk, the network or its stand-in under virtual time.

Each fault has an identifier, listed in tests/faults.yaml; a scenario begins and ends it.

Must not know: the daemon. A fault that exists only to match a daemon's behaviour proves nothing.

Add here: a word, its effect, and a row of the catalogue once it is handled; it is then drawn.
"""
