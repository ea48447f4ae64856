"""Stand-by generation: from a start order to a set that carries the load and goes back to rest.

The start sequence with its attempts and its crank rest, the run up to rated speed and voltage,
synchronising to the bus (25), load acceptance in blocks that the governor survives, dispatch of
several sets with spinning reserve, cool-down, and fuel as hours of autonomy.

Must not know: why the utility was lost. A request for generation arrives with a reason, and
withdrawing it leads to the cool-down and never to a bare stop. A set that closed on a dead bus
needs the other sets to synchronise to it; who is first is decided here and nowhere else.

Add here: one file per concern of a set or of the plant of sets. A set's make and model is data
in config/devices, not code.
"""
