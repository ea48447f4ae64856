"""From a condition to something a person can act on (IEC 62682).

`rules` says what an entry of config/alarms may hold; `conditions` multiplies rules with equipment
and judges all of them at once; `suppression` hides what follows from a cause already shown;
`life_cycle` is the table of the standard; `annunciator` is the controller that lets delays run,
moves alarms along the table, marks the first-out of a group and answers people. An acknowledgement
counts before and after the return to normal.

Must not know: where alarms are shown or sent, and any text of the site: cause, consequence,
response and priority are data in config/alarms and arrive validated.

Add here: a law of the life cycle. A new alarm needs no code but one entry in config/alarms.
"""
