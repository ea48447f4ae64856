"""The daemon that keeps the racks fed.

Ridethrough is one loop: read, freeze, step, record, act, publish. Devices are read into one
process image, the image is frozen, pure functions decide on that one instant of the plant, the
decision is recorded, and only then is anything sent. A transfer, a generator start, a shed and
a peak-shave are therefore decided together, and the same code runs against sockets, in a
simulation with drawn faults, and in a replay of last night's incident.

Read from the inside out: `model` has the nouns, `core` the verbs, `settings` the site as it is
described in YAML, `journal` what happened, `drivers` and `publishers` the two sides of the
plant network, `console` the operator, `runtime` the scan, `rehearsal` the proof. A package
imports only those named before it; `core` is for `runtime` and `rehearsal` alone, the rest take
values through `model` and `settings`. The import contracts in pyproject.toml say so exactly.

No module reads a clock but `daemon.runtime.clock`, and nobody sends to a device but the scan.
The folder `_shipped_config` links to the repository's config/, so that a wheel carries it.
"""
