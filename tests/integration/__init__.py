"""Real sockets, a real broker, a real Prometheus, the installed command.

Every listener is on loopback, a fixed distance from the shipped ports; every process that a test
starts is ended by that test, and no test waits for a fixed time where it can wait for a fact. Tests
that only compute run beside these and step back for them (`make test`): none of these may rest on
having the machine for itself.
"""
