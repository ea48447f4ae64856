"""The plant on the desk: the physics, the devices and the wires of a site that does not exist.

`plant` has the physics as step(plant, dt), `devices` the relay logic and the registers of each
kind of device, `servers` speaks Modbus TCP and OPC UA for them, `faults` breaks any of it on
purpose, and `virtual` gives all of it a time that runs faster than ours. A `scenario` is a
timeline of plant events with what is expected of the daemon; `play` plays one on a plant, `judge`
watches the plant's own truth meanwhile, and `desk` paces both with the clock and serves them;
`slices` deals a large site to several processes.

Its worth is that it can prove the daemon wrong. So it takes from the daemon only `daemon.model`
and `daemon.settings` (the site is described once), shares none of the estimator's mathematics,
and answers on the wire as the real make and model would, late and wrong answers included.

Add here: a kind of device as one file in `devices` and an entry in `daemon.model.natures`. A make
and model is a file in config/devices; a scenario is a file in config/scenarios.
"""
