"""`ridethrough plan`: until when the plant of a site suffices, as its demand grows.

Growth is a cascade: what is asked of the site becomes computing and data, these become power of
racks, that becomes heat, and all of it goes through every piece of equipment up to the grid. With
`t` in years, each group of racks draws

    P(t) = P_today (g_demand / g_efficiency / g_duration)^t

of its rating today: computing that is asked for grows by `g_demand` a year, work per watt by
`g_efficiency`, and runs that last longer take `g_duration` off their power. Power does not grow as
computing does. Source: numbers of the trade, each named in `assumptions`.

All IT power becomes heat. The chillers take `standing + (1 - standing) heat / capability` of their
rating on the hottest day. What equipment carries follows from the balance that `ridethrough check`
makes, with everything in service (N) and in every declared case without something (N-1): it is
linear in the power of the groups but for iron and copper losses, below one percent, so three
slopes and a constant say it for every year (`loads`). So what is carried is a sum of exponentials
with positive weights: convex in time, hence it passes a capacity that it is below today once, or
never, and that time is found by bisection, for each of a thousand futures at once (`exhaustion`).

A future is one draw of all growth rates, kept for ever: the uncertainty of a trend, not the noise
of years. Rates are log-normal, their medians and 90 % intervals stand in `assumptions`. The draws
are a Halton sequence, the same in every run (`futures`). Said is the time before which the limit is
reached in one, five and nine of ten futures.

A limit is what one piece of equipment, or several that share, can carry: `limits` knows those of
the balance, of breakers (the smaller of rating and pick-up), of the grid contract and of cooling,
`reserve` those of storage that has to carry until a failed start is known and the load has ended in
order. The contract counts on on-site sources that run day and night; equipment on the way from the
grid does not, for they may be out. `plan` puts them together, and says by how much one more block
takes its part of the load, or one more unit beside what is there, moves a date. `words`,
`terminal`, `page` and `drawing` show it.

Must not know: how a balance is made, which belongs to `daemon.settings.checks`; what any device
does with a set-point. Nothing here runs in a plant.

Add here: another kind of limit, as lines of what is carried over what can be. Another assumption is
one entry in `assumptions`.
"""
