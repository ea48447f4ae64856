"""Generation on the site: from a start order to a set that carries the load and goes back to rest.

`start` starts every set that is wanted, permits one onto the dead bus and the others by their
synchronism check, unloads and stops them; `choice` says how many of them stay, `sharing` divides
the load among them, `fuel` how long they last, and `exercise` tests them and the UPS in their
hours. `rejoin` brings back what left with the mains: SMR, gas turbine, PV. `turbine` calls the gas
turbine when sets are not enough, `forming` lets storage hold a section while no machine runs,
`sources` says how much of the load each source takes. Cranking, run-up and cool-down are the
device's own programmes.

Must not know: why the utility was lost. A request for generation arrives with a reason, and
withdrawing it leads to the cool-down and never to a bare stop. A set that closed on a dead bus
needs the other sets to synchronise to it; who is first is decided here and nowhere else.

Add here: one file per concern of a set or of the plant of sets. A set's make and model is data
in config/devices, not code.
"""
