"""Power against supply: cap it, give it up by priority, and end it in a decent order.

`caps` holds the AI rows to what storage, limit, sets, `converters` or cooling allow; `shedding`
says which rows go when that does not suffice, `essential` what else goes when no row is left;
`shutdown` tells loads to end in order while their storage still lasts, before their coolant is too
hot (`cooling`), or when they are cut off on purpose (`emergency`). They run in this order and meet
in the `Relief` of the lane's facts. None of them spends storage: they make it last. `peaks` does,
with what is above the reserve only and while nothing but the utility feeds: it keeps the demand
that is billed low, by what `shaving` reckons. `compensation` leads reactive power: voltage, and
room for flicker.

Must not know: breakers. It proposes bounds on set-points and orderly shutdowns; arbitration narrows
them from safety to economy. A dead meter means an assumed overload and never the last value.

Add here: a controller as one file; say in its docstring which reserve it spends and which it
leaves alone.
"""
