"""One file per kind of device: its logic, its delays and its registers.

A breaker with trip coil, spring and contacts that take their milliseconds; a UPS, an STS, an ATS
with their own transfer logic and the heartbeat that hands authority over; a genset controller, an
ESS, a meter, a relay. Each reads the physics, acts on it, and shows both in the points that its
nature declares; the register map comes from config/devices and is read by the daemon's driver
and by this side alike.

Must not know: how it is served, and how fast time runs. Its own firmware habits (a set-point that
falls back after its timeout, a counter that wraps, a scale that is off by ten) belong here.

Add here: a kind of device as one file, with an entry in `daemon.model.natures`.
"""
