"""The physics of the site, and the plant that steps it.

Equations stand in files of their own (`machine`, `battery`, `converter`, `dc`, `cooling`, `fuel`,
`oil`, `tap_changer`, `flicker`, `protection`, `supply`, `racks`), small functions and states
without a plant around them. What racks have to do is a `workload`: `training` and `inference`,
whose power `computing` derives from what drives it, on rows that start and stop `jobs`. `elements`
and `grid` are the electrical state that every device reads and acts on, `live` is what follows from
the positions of the switches, `network` the AC power flow (power-grid-model), `solving` and
`rotation` settle and turn it. Short circuits have the network of their own (`short_circuit`, and
`dc_short_circuit`), what feeds them (`feeding`), and the neutrals that earth faults return by
(`earthing`). `plant` is the whole: time, the order of a step, reading, writing, happenings; `truth`
is what is really so, `chains` how much of it reaches the chips. Randomness is a generator made from
a seed, so one seed and one course of calls give one history, bit for bit.

Must not know: registers, protocols, a clock, asyncio, and the daemon's estimator, whose
mathematics it must not share. What a relay makes of a voltage is the business of `devices`, which
only `plant` imports.

Add here: a component with its equations, their source, its units and what is simplified. The laws
(power balances in every island, energy in equals energy out, store and loss) are properties in
tests/properties.
"""
