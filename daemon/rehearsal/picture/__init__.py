"""The picture of a run: one file that an engineer opens, prints and takes to the meeting.

`Recorder` watches a run (`subjects` says what is worth drawing of a site, `thinning` keeps a long
run small and its extremes whole) and leaves a `Recording`, which is plain values. `write` makes one
HTML file of it: `states` and `quantities` are the two figures on one time axis, `tables` what was
judged and what happened, `page` puts them together with the script of `library`. The file opens
without a network and says so to the browser; the same run gives the same file.

Must not know: how the daemon decides, and how a run is put together. It takes what it is shown.

Add here: a line or a band in `subjects`; a kind of mark in `recorder` and its row in `states`.
"""

from __future__ import annotations

from daemon.rehearsal.picture.file import refuse_unwritable
from daemon.rehearsal.picture.page import About, write
from daemon.rehearsal.picture.recorder import Recorder
from daemon.rehearsal.picture.recording import Recording

__all__ = ["About", "Recorder", "Recording", "refuse_unwritable", "write"]
