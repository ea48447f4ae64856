"""What reached a scan, what was meant, sent and done, written so that it survives a crash.

Inputs, intents, commands and events are appended before anything is sent to a device. After a
power failure the records up to the last whole one are there and verify; a torn tail is cut and
reported. A replay reads the inputs back and must reach the same decisions.

The state directory in which they stand belongs to one daemon at a time (`holding`).

Must not know: what a record means. It takes values of `model` and bytes, keeps their order and
proves that none was altered. It never stands in the way of the scan: a full disk is an alarm,
not a missed transfer.

Add here: a kind of record, its reader, or a check. A form once written to a disk stays readable:
a change is a new version beside the old one.
"""
