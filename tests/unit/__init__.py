"""One file per module, in the same place: daemon/core/topology.py has core/test_topology.py here.

What one function returns for inputs that a reader can follow by hand; no files but those in
`tmp_path`. Drivers, publishers and the daemon as a whole meet real sockets on loopback, because
what a library does with a lost connection is the thing to be known.
"""
