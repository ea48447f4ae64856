"""Masters of other makers at the emulated AI hall: mbpoll, NUT, modbus-serial, node-opcua.

The plant is the real one, in this process; its time passes when a test says so.
"""
