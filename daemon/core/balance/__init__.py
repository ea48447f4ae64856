"""Power against demand: smooth it, cap it, and give it up in a decent order.

The forecast, peak shaving against the demand interval, ramp smoothing for loads that step by
megawatts when a training job synchronises, the volatility stages, load shedding by priority, and
the orderly shutdown when autonomy runs out before the racks could save their work.

Fast smoothing and demand shaving are two controllers with two reserves. One threshold that does
both makes the peak of a second worse than no battery at all.

Must not know: breakers. It proposes set-points and sheds as bounds on actuators; arbitration
narrows them from safety to economy, and the interlocks may still refuse. A dead meter means an
assumed overload and never the last value.

Add here: a controller as one file; say in its docstring which reserve it spends and which it
leaves alone.
"""
