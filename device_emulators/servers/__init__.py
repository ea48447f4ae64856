"""The devices on the wire: Modbus TCP and OPC UA servers.

A server shows the points of one or many devices under the addresses of their maps, takes writes
into the device's inputs, and answers as the protocol demands: exception codes, status codes, source
times, limits on the length of a request. Where makers differ (which functions they obey, whether
addresses between values can be read, where the serial number stands) the device map says how.

Modbus TCP: `modbus` listens, `framing` takes the stream apart, `functions` says what is asked and
refuses what must be refused, `units` holds what there is. OPC UA: `opcua`, which alone imports
asyncua. Both: `codec` and `sheet` code values, `nameplate` says who a device is.

Must not know: what a register means, the physics, and whether it runs in real or virtual time.
It listens where it is told, on loopback unless told otherwise, and closes all it has opened.

Add here: a protocol as one file or a few. A deliberate misbehaviour belongs to `faults`, so that an
honest server stays honest.
"""
