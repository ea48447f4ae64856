"""The physics of the site, as step(plant, dt).

Network (solved by power-grid-model), machines with governor and regulator, batteries, heat, fuel,
and the workload of the racks with the synchronised steps of a training job. The state is values,
the step is a pure function of state, inputs and dt, and randomness is a generator that is handed
in: one seed gives one history.

Must not know: registers, protocols, a clock, asyncio, and the daemon's estimator, whose
mathematics it must not share. What a relay makes of a voltage is the business of `devices`.

Add here: a component with its equations, their source and its units. The invariants (energy in
equals energy out, store and loss; no state of charge outside its range) are properties in
tests/properties.
"""
