"""The daemon against the emulated plant, as a user sees it.

The one package that knows both sides. `demo` starts emulators, a broker and the unmodified daemon
as processes, plays a scenario over real sockets and joins what both report into one outcome: what
was expected and what happened, in plant time. `simulate` plays it in virtual time, in one process,
for one seed or thousands (`simulation`), judged by `oracles`, drawn by `picture`. `prove` needs no
run: it searches through every way in which schemes can go on (`proof`). `desk` is the
emulators alone and `fleet` several processes of them, `fault` lets something go wrong in them by
hand, `planning` makes large sites, `check` reads any configuration file, whichever side it belongs
to. Wherever both sides could answer (was a load interrupted, did a breaker move) the plant's truth
is taken and not the daemon's opinion of it; only alarms, which are the daemon's word, are judged on
what it says.

Must not know: how the daemon is wired; it is started by its command or built by `daemon.app`.
Nothing in the daemon may import this package but `daemon.cli`.

Add here: a report, another way to show the two together. A scenario needs no code but one file in
config/scenarios.
"""
