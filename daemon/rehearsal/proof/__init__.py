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
- there are no more faults than the search was given, see below; what they have done may heal at
  any instant or never, and healing costs none;
- a daemon that ends is back within 0.2 to 3 s, before a board's own logic takes over;
- neighbours of a part keep to what their own part shows.

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
of a ladder, so that none can grow without end. A stamp is forgotten once it is older than anything
that is asked of it or of what it is copied to (`Mind.horizons`). What is only told to people, and
of a switching action that is over all but what was wanted, decides nothing and is left out
(`mind`). A stage asks nothing of time that it does not listen to (`daemon.core.transfer.guards`),
so that no zone is cut for it and no scan comes of it.

**What is left out, and why nothing is lost.** Each of these leads to the same deeds by fewer ways.

- *A scan that leaves all as it is* (`Search._at_rest`). A scan is a function of memory, picture,
  news and the ages of stamps. Where it changes nothing at the first instant, in the whole zone, it
  changes nothing later until one of these does: the picture, which is looked at anew; news, which
  are never left out; an age, for which it waits. The next scan then comes up to 20 ms after that,
  which holds all that the scan left out could have seen.
- *The end of charging a spring while its breaker stands closed* (`springs`).
- *A trick of which no scan takes notice*: it may as well be played later, so each is played just
  before a scan that does, and there only.
- *Questions of values in a scan that was run* (`Mind.think`): to one picture they have one answer.

**What is not shown.** Two sources that are in parallel while the selector is not on auto are for
the person to end who has taken it, whoever joined them. A main that closed by its synchronism
check and shows open ever after is sent out only when its close has had its time, 14 s instead of 2
s. With a sudden disturbance beside the losses of the utility nothing is proven yet. The search of
the intake has come to its end there (366,669 situations, 1,474,084 transitions, depth 47, 159 s,
2.1 GB). What it and that of the mains have found, and has not been mended:

- An alternate that shows open while it is closed, from the instant at which the main has closed
  beside it: the overlap is not seen and not ended (sure). The current through it would tell.
- The load side of the breaker behind the switch shows dead, after a utility was lost under it just
  as that breaker was closing: the switch goes to an island that is parted within the same tenth of
  a second (sure; two losses and a lie).
- A section whose main showed closed when it was told to open is locked out, and stays dark when
  the instrument is well again (sure). It is for a person to reset, which the judgement of what is
  dark does not know; that of the intake does.
- A main that shows closed beside an alternate that feeds: the alternate is opened (not sure).
- The intake opened by others while a main closes in synchronism behind it, and closed again
  plainly before that main has been seen to open (not sure).

The search of the mains was broken off when all but seven situations of 192,322 kinds had been
gone through, in a circle that grew by the time of a scan; what made it grow was mended, and it was
not gone through again, nor since a section keeps its main where its alternate cannot be seen to
have opened (two findings). Three of its eleven findings were not looked at.
That of the sets came to its end (146,507 situations, 438,174 transitions, depth 84, 46 s, 447 MB).
It found that a daemon that starts anew within 20 ms of an order to close gives the dead bus to the
other set as well (sure): here a start takes no time at all. And that a set closes onto a fault
whose only feed was opening, so that protection had nothing to tell (not sure). And that the bus may
stay dark (sure), which nobody has judged. No search with two faults beside the losses was run.

Where zones are joined, more is searched than can happen, never less. So a search that finds nothing
proves; what it finds can be an artefact of joining. So each way to it is gone once more, alone and
with nothing joined (`retrace`): what can be gone is *sure*. What is not sure may be so all the
same, for the search keeps only the first way to a situation, and others may have widened its times.

Must not know: sockets, files, wall clocks. It is a pure computation.

Add here: a part of a scheme as one file with its plant, its cut and its camera, and one line in
`schemes`.
"""
