"""A family of metrics: its name, what it tells, and by what its lines differ."""

from __future__ import annotations

from typing import NamedTuple


class Family(NamedTuple):
    """All lines of one name.

    Attributes:
        name: with its unit last.
        text: one sentence for people.
        labels: names of the labels, in the order in which they stand.
        kind: as Prometheus calls it.
    """

    name: str
    text: str
    labels: tuple[str, ...] = ()
    kind: str = "gauge"

    @property
    def head(self) -> str:
        """Return the lines that stand before those of the family."""
        text = self.text.replace("\\", r"\\").replace("\n", r"\n")
        return f"# HELP {self.name} {text}\n# TYPE {self.name} {self.kind}\n"
