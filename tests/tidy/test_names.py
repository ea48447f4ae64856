"""A number says its unit: every float of the model ends in one."""

from __future__ import annotations

from daemon.model.quantities import UNIT_SUFFIXES
from tests.tidy.rules import ROOT, unnamed_units


def test_floats_of_the_model_end_in_their_unit() -> None:
    assert unnamed_units(ROOT, "daemon/model/", UNIT_SUFFIXES) == []
