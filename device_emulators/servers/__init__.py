"""The devices on the wire: Modbus TCP and OPC UA servers.

One file per protocol, its library imported in that file alone (pymodbus in `modbus`, asyncua in
`opcua`). A server shows the points of one or many devices under the addresses of their maps,
takes writes into the device's inputs, and answers as the protocol demands: exception codes,
status codes, source times, limits on the length of a request.

Must not know: what a register means, the physics, and whether it runs in real or virtual time.
It listens where it is told, on loopback unless told otherwise, and closes all it has opened.

Add here: a protocol as one file. A deliberate misbehaviour belongs to `faults`, so that an
honest server stays honest.
"""
