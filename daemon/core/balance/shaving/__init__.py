"""Peak shaving: the demand that is billed kept low with energy that nothing else needs.

What is billed is the mean import over a window of the clock (15 minutes), and of a billing period
the highest of these. So the instant does not matter, only what may still be drawn until the window
ends, and a window below the highest one so far costs nothing more.

- `demand`: the window that runs, and what may still be drawn in it.
- `stores`: what storage may give for this purpose. Its energy lies in bands: *reserve* at the
  bottom (ride-through, never offered here), *smoothing* above it and below full, *shaving* between.
  Several stores are one resource, split so that none runs empty before another must.
- `hold`: the power of the storage that keeps a window at an aim, from what was measured until now.
  It recharges only what cannot make a new peak whatever the load does, never above what is paid
  for, and never lets power flow back that the contract does not allow.
- `giving`: when storage begins to give, and how fast what is asked of it moves; with `shaver` the
  whole of what is decided, by the daemon (`peaks`) and by the backtest.
- `worth`: what wear costs in watts of peak, the same for both.
- `ratchet`: the aim without any forecast: what it was, or the highest window so far.
- `reserve`: what of a store no path can do without.
- `forecast`: what the load may do, as an ensemble of futures by explicit rules, and the pinball
  loss by which ways to foresee are scored.
- `learnt`: the same, learnt as it goes. Both are scored at each plan over the last days, and the
  better one is used.
- `level`: the aim: as low as the energy that is left can hold it in enough of these futures, never
  below what is paid for (receding horizon), nor above what the worst day before needed.
- `flexible`: the AI rows as a load that can wait, where the site allows it, after all storage. A
  plan counts on them as on a store that never runs empty and whose energy is dear.
- `errand`: how a request for a plan travels to a worker and back.
- `billing`: the month or year that is billed, by the calendar of the site's place.
- `history`: what was seen before a restart, by the same way.
- `programme`: the optimum when the future is known, as a linear programme with losses, wear and
  several stores: the yardstick, and what of an aim is worth the wear.

**What is guaranteed without a forecast** (`hold` with `ratchet`): with `rise_w` no smaller than any
rise of the load within a window, no window closes above the larger of its aim and what the load
alone would have made of it; so the highest one is never above the larger of the first aim and the
peak without storage. *Proof.* Charging is allowed only if the window would stay at its aim with the
load `rise_w` above the last measured until its end, storage giving by then what it has the power
and the energy for. If something was charged in a window, take the last time: from then on storage
gives what is needed, and the load stays below what was assumed; the window closes at its aim at
most. If nothing was charged, storage only lowered the window. The aim is the first one or the
highest window so far, so the bound carries over by induction. *And:* while the energy above the aim
between two recharges is no more than the band holds, and the power above it no more than the
storage has, every window closes at its aim. Nothing more can be promised of a causal rule: whatever
it spends on a first rise is not there for a second one.

Must not know: breakers, the tariff of a site (`worth` has the usual one), or which forecast is the
better one before it is scored. Arrays and values in and out; what is stale is left out by who
calls.

Add here: another way to foresee as one file beside `forecast`, another aim beside `level`.
"""
