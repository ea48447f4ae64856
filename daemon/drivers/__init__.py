"""Southbound: from registers and nodes to points, and from commands to writes.

One file per protocol. A driver owns its connections, reads in blocks, stamps what it read and
translates every fault of the wire into `Quality`: nothing above a driver ever sees a timeout as
an exception. A device that hangs costs its own points and nobody else's. A read may be repeated;
a command never is, and it is confirmed by reading back, not by its echo.

Must not know: the core, publishers, and what a point is for. Addresses, scales and word orders
are data from config/devices.

Add here: a protocol as one file, its library imported in that file alone (pymodbus in `modbus`,
asyncua in `opcua`). It must come back after every restart of its device, for ever.
"""
