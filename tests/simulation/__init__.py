"""The unmodified daemon against the emulated plant, in virtual time and with drawn faults.

Oracles judge the plant's truth. A seed that once failed is listed in its test and runs for ever;
the long searches carry the mark `soak` and run with `make soak`.
"""
