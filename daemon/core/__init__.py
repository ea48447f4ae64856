"""The verbs: everything that decides, as pure functions of what reached this scan.

`step` is the one door for the shell: state and inputs in, the next state, commands, events and
requests for slow work out. The order of controllers in it is one tuple, and order is priority.
Around it stand what every area may use: the interpreter of transition tables (`automaton`), the
energised islands (`topology`), whether a scheme is ours to decide (`authority`) and whether it may
be started from darkness (`darkness`), the one way in which anything is switched, by automata and
people (`operation`), what an action would cost (`consequence`), the narrowing of proposals to one
set-point per actuator (`arbitration`), the heartbeats and fall-backs of devices (`heartbeat`,
`fallback`), and the interlocks, which have the last word and refuse with a named reason. `standing`
spares what nothing has changed for. `security` says what the next failure would cost, and `report`
what came of a transfer: both look on and switch nothing.

Must not know: time as a thing to ask for (it is in the image, in integer nanoseconds), await,
logging, randomness, any protocol, any file. A fault of the plant is data, never an exception; an
assertion is for an error of ours and stops the lane into its fail-safe.

A missing or stale measurement never counts as good. Where safety hangs on it, it is the worst
case and not the last value.

Add here: a controller as one file in its area, exporting `Params`, `State` and `step`, and one
line in the ordered tuple. Areas do not import one another; they meet in `step`.
"""
