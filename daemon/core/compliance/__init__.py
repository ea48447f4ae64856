"""Verdicts on a trace: was the supply within what the grid code and the load's standard allow?

The package holds only this contract as yet. A verdict is a pure function of a recorded trace
(times, voltages, frequencies or powers with their quality) and of a limit curve, and it returns
whether it was kept, the worst point, the limit there and the clause that sets it. A live scan, a
simulation and last night's journal are judged by the same function.

Must not know: who recorded the trace, and any means to change the plant.

Add here: one file per code or standard (a voltage tolerance curve of IT equipment, fault
ride-through of large loads, ramp limits, harmonics), limit points as data with their source.
"""
