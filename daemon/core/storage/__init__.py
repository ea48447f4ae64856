"""What AC storage does beside the sets and the utility.

`dispatch` helps sets that are short and refills within what is left. What a store can give is taken
from its own report, bounded by its rating; DC storage supports its bus by itself. Whether a store
holds a section while no machine runs is decided where sources are (`daemon.core.generation`).

Must not know: what the energy is worth. Nothing here is economy; peak shaving and smoothing are
controllers of balance, and the reserve of the ride-through is never offered to them.

Add here: a kind of store as one file with its limits and its counting. Power is consumption
positive, as everywhere: a store that discharges shows negative power.
"""
