"""The operator: what is shown, and what may be asked for.

People come in through the *door*, a local socket in the state folder of the running daemon
(`door`). It knows who stands there by the credentials of the peer and, where operators were
enrolled, by name and secret (`operators`); it takes one request on a line and answers on a line
(`wire`). A request becomes a message for the inbox of a lane (`orders`), is recorded like
everything else, and passes the interlocks; what came of it is heard from the events of the scan
and told to those who wait (`ledger`). `command` and `screen` are the other side: what a person
types and reads. `report` shows what came of a transfer, on a terminal and as a page.

Every attempt is recorded before it is asked for, refused ones too; while the journal cannot be
written, people are refused and the automata go on. Nobody at the door can harm the scan: lines,
callers, rates and waiting times are bounded, secrets are worked out beside the loop, and a caller
who does not read is hung up on.

The page of the control room will come in the same way, in a process of its own, so that ten
browsers cost the scan nothing.

Must not know: the core's functions and any driver. It has no way to a device but a request. No
listener without authentication.

Add here: a request people may make (`caller`), the API, the page as static files, and the one-line
diagram drawn from the site. Colour follows the alarm priorities; a value that is not good never
looks as if it were.
"""
