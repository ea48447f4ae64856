"""The proof: every way in which daemon and plant can go on together, searched through.

`prove` executes the production controllers, interlocks and operation path (`mind`), as they are,
against a plant of switchgear, sources and an adversary (`plant`, `switchgear`, and by part of a
scheme `intake`, `mains` and `sets`), shown to them by instruments of which one may lie (`picture`).
Time is not sampled: what is known of it are bounds on the distances between instants (`zones`), so
that every order is kept in which travels, timers, messages and scans can end. `explore` goes all
ways from there; a site's schemes are cut to parts that it can go through in `schemes`.

**What it shows.** In every situation that it reaches no action of ours does harm, what others have
done wrong is ended in time, and a critical bus that can be fed is fed within its bound, provided

- times lie in the intervals that stand in `plant`, `intake`, `mains` and `sets`, among them 20 ms
  from a change of the plant to the scan that sees it and 20 ms from the scan to the device;
- positions and voltages of one board are read together, as the gateways serve them;
- a person may ask for anything, once, and needs nobody's approval: the interlocks alone answer;
- the utility fails once and returns; beside that there come as many *sudden* disturbances, at any
  instant, and *hidden* faults, seen when something is asked of what has them, as the search was
  given. Two sudden ones are not combined: that search does not end in reasonable time;
- neighbours of a part keep to what their own part shows.

**What makes it finite.** Daemon and board are finite but for time: of the mains some 2,000 memories
and 12,000 pictures are ever met. Of time there is one zone to a situation that differs from others
in more than time: zones that meet there are joined, after a few times by steps of a ladder, so that
none can grow without end. A stamp is forgotten once it is older than anything that is asked of it
or of what it is copied to (`Mind.horizons`). What is only told to people, and of a switching action
that is over all but what was wanted, decides nothing and is left out (`mind`). A stage asks nothing
of time that it does not listen to (`daemon.core.transfer.guards`), so that no zone is cut for it
and no scan comes of it. A trick is played only where a scan takes notice.

**What is not shown.** Two sources that are in parallel while the selector is not on auto are for
the person to end who has taken it, whoever joined them. A main that closed by its synchronism
check and shows open ever after is sent out only when its close has had its time, 14 s instead of 2
s. With a sudden disturbance no search has come to its end. That of the mains was broken off after
375,000 situations with 55,000 waiting; what it found wrong with daemon and model was mended, and
since then it has not been gone through again. That of the intake (ALTS-1) finds situations that
nobody has judged yet.

Where zones are joined, more is searched than can happen, never less. So a search that finds nothing
proves; what it finds can be an artefact of joining, and is replayed before it is believed.

Must not know: sockets, files, wall clocks. It is a pure computation.

Add here: a part of a scheme as one file with its plant, its cut and its camera, and one line in
`schemes`.
"""
