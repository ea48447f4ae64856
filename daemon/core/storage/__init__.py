"""What each store holds, and what it can still do.

Battery systems (ESS), UPS batteries, flywheels, rack batteries and supercapacitors: state of
charge, usable energy at the present power, limits of charge and discharge with temperature and
age, and the time until empty. A store's own report is one measurement among others; where its
state of charge contradicts counted energy, the lower one is believed.

Must not know: what the energy is for. It hands out limits and a forecast of them; balance spends
within those, and the reserve of the ride-through is never offered.

Add here: a kind of store as one file with its limits and its counting. Power is consumption
positive, as everywhere: a store that discharges shows negative power.
"""
