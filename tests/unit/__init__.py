"""One file per module, in the same place: daemon/core/topology.py has core/test_topology.py here.

What one function returns for inputs that a reader can follow by hand. No sockets, no sleeping, no
files but those in `tmp_path`.
"""
