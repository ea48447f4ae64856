"""`ridethrough comply`: a trace from a file against rule sets, said, as JSON, and as a page.

`trace_file` reads a trace and says by line what is wrong with it: nothing is mended in silence.
`command` lets `daemon.core.compliance` judge it piece by piece; `unseen` tells what of a trace lies
in holes or between rows too far apart for a limit; `page` and `drawing` show the trace
against its limits in one HTML file that needs nothing but itself.

Must not know: any limit, or how one is judged. The plant and its emulation have no part in this.

Add here: another form of trace file, another way to show verdicts. A rule set is one file in
config/rules.
"""
