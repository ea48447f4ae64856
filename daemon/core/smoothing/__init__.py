"""Smoothing: the connection moves no faster than a grid code allows, storage gives the rest.

**The funnel.** Every limit of a code on variation (rise and fall within a window, peak to peak of a
filtered signal, net ramp) leaves an interval for the next value, given what went before; the
intervals of all limits meet in one, which always holds the value that stands (`funnel`). Staying in
it keeps all limits, whatever the load does. The load's power less the value chosen is what storage
has to give.

**What it costs.** Let the load step by S and stay. A limit lets the connection follow by a jump J
at once and then at a pace r (for x MW in w seconds: J = x, r = x / w, in steps; for x MW behind a
high-pass with corner f: J = x, r = 2 pi f x). Who learns of the step when it comes needs the power
S - J and the energy (S - J)^2 / 2r, and no causal rule needs less. Who knows beforehand lets half
of it happen before: (S - J) / 2 and (S - J)^2 / 8r, a half and a quarter. With notice of T seconds
as much happens before as T allows: notice is worth nothing beyond (S - J) / 2r.

**Where the charge has to be.** If the load may be anywhere between its lowest and its highest
power, a connection at G must be able to feed a rise to the highest and to swallow a fall to the
lowest: charge at least N_up(G), room at least N_down(G). A charge that is kept in the middle takes
twice the energy of one that follows the level: low while the load is high, since from there it can
only fall. The sum of both is largest at the ends of the range, S^2 / 2r: a storage of that size
carries any load within the range for ever (`catch_up`).

**The rule** (`limiter`): hold a slow mean of the load, corrected by how far the charge is from
where it should be; leave swings below a dead band to the storage, so that what the code allows is
unspent when it is needed; beyond the dead band follow as fast as the funnel lets; with notice of a
start or stop, begin as late as suffices for half of the step. All times follow from the storage:
energy by range of power.

**Who gives it** (`split`): storage by frequency, each kind what the next faster one cannot last
for: stores at AC that take a set-point, of any number and kind (`tests.bench smoothing` has a fast
and a slow one). What no loop over a bus can meet in time the rows keep by the ramp of their
profile, before storage is asked (`profile`); so storage gives what lies between that ramp and the
slowest limit. Where the limits of a code are slow (5 MW in 15 s for 100 MW) the ramp alone keeps
them, at the cost of minutes of a job's power.

*In the AI hall* one store takes part, ESS-1 (3 MW, 6 MWh). Capacitors of the racks take what is
within 50 ms and come back to their middle unasked. Rack batteries and ESS-2 (250 kWh at 800 V) act
by themselves when converters fall short, take no set-point, and are the reserve of the rows. The
ramp of a row holds for its fall as well; how much faster it may fall, and its hysteresis, are set
at the row, for its map has no points for them.

**A store that fails.** While the load is at L and the connection at G, storage gives L - G. If it
is gone the connection is at L in the same instant, before any meter shows it: the least that a
window of w sees is L - min G over the last w, the power that is gone and what the connection rose
by before, whatever anybody does after (`sudden`). So a plant keeps its limits through the loss of
its only store exactly if its load alone keeps them: what one store buys and what it puts at stake
are the same megawatts, and n alike that share evenly stake one n-th. What can be done after is
done: the step does not stay, and nothing is added to it.

**At the begin of a daemon** (`amid`) nobody knows what the minute before has spent: amid a job all
counts as spent, both ways, until the longest window is over.

Must not know: equipment of a site, rule sets and their files (limits arrive as `Bound`), and any
energy but its own band: what is reserved for ride-through or shaving is not in its capacity.

Add here: a kind of limit as an interval in `funnel` and its cost in `catch_up`.
"""

from __future__ import annotations
