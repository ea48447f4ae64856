"""From a condition to something a person can act on (IEC 62682).

The life cycle of an alarm (active, acknowledged, returned to normal, latched, shelved,
suppressed by design, out of service), delays and deadbands against chatter, suppression of what
follows from a cause already shown, and the first-out of a group. An acknowledgement counts
before and after the return to normal.

Must not know: where alarms are shown or sent, and any text of the site: cause, consequence,
response and priority are data in config/alarms and arrive validated.

Add here: a law of the life cycle. A new alarm needs no code but one entry in config/alarms.
"""
