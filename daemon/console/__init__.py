"""The operator: what is shown, and what may be asked for.

The package holds only this contract as yet; until it is served, the daemon's own exposition is
the view of the plant. The console is to run in a process of its own, so
that ten browsers cost the scan nothing: it receives the image and the events over a stream and
sends back requests, each with a name, a reason and an expiry. A request enters the scan through
the inbox like everything else, is recorded, and passes the interlocks.

Must not know: the core's functions and any driver. It has no way to a device but a request. No
listener without authentication.

Add here: the API, the page as static files, and the one-line diagram drawn from the site. Colour
follows the alarm priorities; a value that is not good never looks as if it were.
"""
