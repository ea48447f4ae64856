"""Northbound: what the plant network may know of us.

Prometheus exposition with `ridethrough_<noun>_<unit>` in base units, and MQTT with its retained
state, last will and birth. A publisher takes the frozen image and this scan's events and hands
them on; a slow or dead broker drops its own oldest messages, counts them, and costs the scan
nothing.

Must not know: drivers, and how anything was decided. Nothing comes in through a publisher that
acts on the plant; an operator's request is a message of the console.

Add here: one protocol per file, its library imported in that file alone (`prometheus_client` in
`figures`, `aiomqtt` in `mqtt`). A value that leaves carries its quality.
"""
