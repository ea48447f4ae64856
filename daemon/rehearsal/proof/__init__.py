"""The proof: every way in which daemon and plant can go on together, searched through.

`prove` executes the production controllers, interlocks and operation path (`mind`), as they are,
against a plant of switchgear, sources and an adversary (`plant`, `drawn`, `switchgear`, and by part
of a scheme `intake`, `mains` and `sets`), shown to them by instruments of which one may lie
(`picture`). Time is not sampled: what is known of it are bounds on the distances between instants
(`zones`), so that every order is kept in which travels, timers, messages and scans can end. Which
bus could be fed is said in `paths`, which timers of a site the times stand for in `assumptions`.
`explore` goes all ways from there; a site's schemes are cut to parts that it can go through in
`schemes`.

**What it shows.** In every situation that it reaches no action of ours does harm, what others have
done wrong is ended in time, and a critical bus that can be fed is fed within its bound, provided

- times lie in the intervals that stand in `plant`, `intake`, `mains` and `sets`, among them 20 ms
  from a change of the plant to the scan that sees it and 20 ms from the scan to the device;
- positions and voltages of one board are read together, as the gateways serve them;
- a person may ask for anything of breakers and sets, once, and needs nobody's approval: the
  interlocks alone answer; of the switch of the intake nobody asks anything;
- there are no more faults than the search was given, see below; what they have done may heal at
  any instant or never, and healing costs none;
- a daemon that ends is back within 0.2 to 3 s, before a board's own logic takes over;
- neighbours of a part keep to what their own part shows.

**What can be fed.** Each section is judged by itself: what is stuck, in local, locked, at fault or
given up in one ends nothing in the other. A section without voltage can be fed while the daemon is
there and the selector is on auto, and a way leads to it (`paths`) from a utility that is alive, or
from sets that are on their bus or have not been asked yet. A way goes over breakers that obey and
buses without fault; not over the terminals of another source; from sets not through a main, which
would feed back; and past nothing that is given up for a person to look. What does not obey stays as
it stands, so that all it joins is one.

Nor does a way go over anything that is joined to what an instrument lies about, as long as it does.
Where that is the delivery bus behind the intake, nothing is judged: whether a utility delivers
cannot be told then, and it is believed to (`daemon.core.detection.outage`). After a loss for a
moment, for which the intake has opened, all sections then stay dark with sets at rest until a
person looks or the instrument is well (sure: one loss, and the load side of the intake shows live).

Of the sets, one that runs and is not given up is the source. Of the intake nothing is judged while
an instrument lies or its own switch is stuck, locked, in other hands or between its feeds.

**What a fault is.** All that the adversary does counts: that a utility fails (or, where that is the
neighbours' matter, that they call for sets), a disturbance of any other kind at any instant
(*sudden*: a trip, a bus fault, a lie, a hand at the panel, a person's wish, a set that stops, a new
start of the daemon), and a failure that is seen when something is asked of what has it (*hidden*).
"Up to two faults" are any two of these, so a loss of the utility and one thing beside it, or two
things while the utility is there. Whoever does not want to count the loss, since the schemes are
there for it, reads the same figures as one fault beside it: nothing is shown of two. Two hidden
ones without a sudden one or a loss show nowhere, for nothing is asked then.

**What makes it finite.** Daemon and board are finite but for time: of the mains some 1,300 memories
and 350 pictures are met with one hidden fault. Of time there is one zone to a situation that
differs from others in more than time: zones that meet there are joined, after a few times by steps
of a ladder, at last by giving up for good what still differs, so that none can grow without end.
The ladder reaches to what is waited for longest, else a bound beyond it were given up at once. What
is given up is no bound, whatever is taken from it (`zones.plain`): else zones of the same times
never hold each other and are joined for ever. Where something is judged the steps are 5 ms instead,
since an overlap that is ended within 95 of 100 ms has none of a ladder to spare.

A stamp is forgotten once it is older than anything that is asked of it or of what it is copied to
(`Mind.horizons`); where the stage asks, that goes by the stage (`memory`). One that was never taken
counts as forgotten (`memory.begun_long_ago`), so that a daemon which comes to rest is where it
began. What is only told to people, and of a switching action that is over all but what was wanted
and whether a failed one was told, decides nothing and is left out (`mind`). What the controllers
want does not depend on what is under way: they are run once for all memories that differ in nothing
else. A stage asks nothing of time that it does not listen to (`daemon.core.transfer.guards`), so
that no zone is cut for it and no scan comes of it.

**What is left out, and why nothing is lost.** Each of these leads to the same deeds by fewer ways.

- *A scan that leaves all as it is* (`Search._at_rest`). A scan is a function of memory, picture,
  news and the ages of stamps. Where it changes nothing at the first instant, in the whole zone, it
  changes nothing later until one of these does: the picture, which is looked at anew; news, which
  are never left out; an age, for which it waits. The next scan then comes up to 20 ms after that,
  which holds all that the scan left out could have seen.
- *A situation that another holds with more faults to come* (`frontier`): whoever has more to come
  can do all that one can who has fewer, and is excused for less.
- *The end of charging a spring while its breaker stands closed* (`springs`).
- *A trick of which no scan takes notice*: it may as well be played later, so each is played just
  before a scan that does, and there only.
- *Questions of values in a scan that was run* (`Mind.think`): to one picture they have one answer.

**What was gone through**, all to the end and with nothing found that can be, in one run of
`prove --full` (493 s of one processor, 3,566 MB); lost, sudden and hidden are faults, s the seconds
of one processor, shared with others, MB the most that the process had held so far. Where there is a
+ one thing was in doubt, and is refuted by 3,878 situations around it:

    part          lost  sudden  hidden  situations  transitions  depth   s   MB
    ALTS-1          1       0       0         354          677     17   0  104
                    1       0       1       1,143        2,489     19   0  110
                    2       0       0       3,392        9,841     36   1  138
                    0       1       0         272          565     17   0  141
                    1       1       0      34,930      104,784     35  11  378
                    0       1       1         660        1,678     19   0  378
                    0       2       0      14,958       47,997     28   5  466
    CCTS-1/mains    1       0       0         831        1,376     60   1  475
                    1       0       1      10,334       18,978     79   5  545
                    2       0       0     101,662      298,860    121  47  758
                    0       1       0         963        1,672     44   1  758
                    1       1       0     481,262    1,194,110    126 229 2566 +
                    0       1       1       6,679       12,946     61   2 2568
                    0       2       0     308,792      731,466    128  97 3282
    CCTS-1/sets     1       0       0       2,744        5,838     49   1 3283
                    1       0       1      24,751       63,628     61   7 3283
                    2       0       0      33,102       90,822     60   8 3293
                    0       1       0          21           28      5   0 3293
                    1       1       0     166,522      477,709     87  53 3566
                    0       1       1          31           40      5   0 3566
                    0       2       0         164          289     15   2 3566

**What is not shown.** Two sources that are in parallel while the selector is not on auto are for
the person to end who has taken it, whoever joined them. A main that closed by its synchronism check
and shows open ever after, or that showed open when the intake closed in synchronism behind it, is
sent out only when mains have settled and its close has had its time: 16 s instead of 2 s. An
overlap that comes of an order which others have overtaken on its way is theirs: it has to end
within 2 s, not 0.1; so has one that a closed breaker prolongs which is stuck or in local. How often
mains and sets transfer is not counted here, as it is of the intake; in the simulation it is, of all
(`daemon.rehearsal.oracles.transfers`). Handover to a board's own logic and back is no part of the
mains and sets. What is given up (lockout, held, a failed set) is for a person, whom no search lets
look; it is held against the daemon only where nothing had happened that could have been a reason.
Storage that forms a section and its feeders, the turbine, the rejoining of sources, black start,
the choice of sets, the tripping of loads, UPS, what people hold off, earthing, a second reference
or neutral, and overload are no part of it: they are judged by the oracles of the simulation (of
islands, `daemon.rehearsal.oracles.islands`), and each row that no part depends on by a scenario of
the whole hall (`tests.proof_on_plant`).

**What was found**, each mended with a test (`tests/unit/core/test_what_the_proof_found.py`, of the
sets `tests/unit/core/generation/test_start_held.py`). Of the mains with a loss of the utility and a
sudden disturbance:

- intake and feeder closed at once, or one while the other travels, onto a section whose main shows
  open and is not (sure); so they were where a person closes the intake onto a dead utility, which
  may be back by then (three faults, seen while looking for the others);
- a synchronised close of a person in one section while the scheme returns the other: two overlaps
  at once last longer than each (sure, and found as not sure: the first way to it cannot be gone);
- an overlap that is not ended where the intake shows its live side dead: both openings were held to
  take a last feed. Sure where nothing ahead of the intake tells that the utility is there, as in
  the part; in the hall itself the feeders of the intake do;
- an overlap that is not ended where both mains are closed and the intake shows open: its current
  tells that it is not (not sure);
- a main that shows closed and is not, for which the alternate is opened (sure);
- the intake closed again plainly while a main that was closing is told to open (not sure);
- alternate and main told to open one after the other while the intake closes (not sure);
- sets let go when the selector leaves auto while a feeder closes onto them (sure);
- a tie closed by hand that joins sets and a main that closes (sure).

Of the mains with two disturbances, told by what was left of the ways around what was not sure, none
of which was gone from the start:

- others open the intake as a main closes beside its alternate. The sets hold this section and,
  back through its main, the other one, so neither may open; it was locked out as if a breaker had
  failed, and the intake, told to close in synchronism meanwhile, joined what nobody parts any more;
- others open the intake while a main shows open that is not. The sets hold the board through it,
  the intake joins the utility to what nothing known feeds, and the section is told only after the
  other one has gone home, half a minute later;
- a person joins the sections by the tie while the scheme returns one of them: tie and main overlap
  one after the other.

Of a loss and a disturbance, told in the same way: the alternate of a section shows open and is not
while its main seeks synchronism. The section looks dead, the other main is told to seek as well,
the instrument is well again, and both overlap.

Of the mains with two losses, each for a moment: the intake was told to close while its spring was
not charged yet after the first, was not let, and was given up until a person looks (sure).

Of the sets with a wish of a person: one that is asked to stop as it comes closed its breaker all
the same, ran out on the bus and kept it from the others for minutes (sure).

Of the sets that are called twice: one that drains opens its breaker though something hangs on it
again (sure), and one that is told to start is given up, running, when nothing wants it any more but
something waits (sure).

Two were the model's: that a failed close had been told was forgotten, so that no order to open it
went out where its main shows open; and steps of the ladder that were wider than what an overlap has
to spare.

With three faults, of which two are losses of a utility and one a lie, the switch of the intake goes
to an island that is parted within the same tenth of a second (sure): more than is claimed here.

**What is sure.** Where zones are joined, more is searched than can happen, never less. So a search
that finds nothing proves; what it finds can be an artefact of joining. Each way to it is gone once
more, alone and with nothing joined (`retrace`): what can be gone is *sure*. What cannot may be so
all the same, for the search keeps only the first way to a situation, and others may have widened
its times. So at the end of a search what is not sure is settled (`doubt`): all that leads to it is
gone through with nothing joined, from as far away as that takes. Then it is sure or *refuted*; or,
where that takes too long, it is still told as not sure, and nothing is proven.

Must not know: sockets, files, wall clocks. It is a pure computation.

Add here: a part of a scheme as one file with its plant, its cut and its camera, and one line in
`schemes`.
"""
