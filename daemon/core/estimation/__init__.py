"""What the plant's electrical state most likely is, and how far to trust it.

Three layers. *From the site to arrays*: the one-line (`drawing`), what is closed and works now
(`wiring`), the network that makes (`site_network`), what measures what and how well
(`instruments`, `gathering`), how far behind a reading may be (`ageing`). *Arrays in, arrays out*:
the equations (`mixture`, `exact`, `equations`, `reading`), weighted least squares with exact
constraints (`normal`, `gauss_newton`, `solver`), from scan to scan with a linearisation that stays
(`tracking`). *Back to the site*: voltages, powers and losses with their deviations (`believed`,
`readouts`, `efficiency`), which meter lies (`bad_data`, `suspicion`, `meters`), which breaker is
not as it shows (`switch_status`). `estimator` plays them in a scan; what cannot be solved is passed
through as measured (`pass_through`).

Beside it stands what is known by counting: charge and health of storage (`storage_state`), the hot
spots of transformers (`hot_spot`).

Must not know: the emulated plant. The plant's physics and this package share no line of network
mathematics, or the one could not prove the other wrong.

Factors are caches, rebuilt from values, and never part of the state.

Add here: a kind of measurement with its row of the Jacobian, a test of residuals, a component's
branch model, each with its source and the shapes of its arrays.
"""
