"""The efficiency of the plant for people: each chain by its stages, the two compared, the PUE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def lines(efficiency: Mapping[str, Any]) -> Iterator[str]:
    """Yield what every chain gives by what it takes, as means over the run."""
    chains = efficiency["chains"]
    if not chains:
        return
    pue = efficiency["pue_pu"]
    yield "efficiency, mean of the run" + ("" if pue is None else f": PUE {pue:.3f}")
    for chain in chains:
        stages = ", ".join(f"{s['name']} {percent(s['efficiency_pu'])}" for s in chain["stages"])
        yield f"  {chain['name']:<11} {percent(chain['efficiency_pu'])} %  {stages}"
    if said := comparison(efficiency):
        yield f"  {said}"


def comparison(efficiency: Mapping[str, Any]) -> str:
    """Return how the 800 V chain compares with the AC chain, "" where there are not both."""
    saved = efficiency["saved_by_800_v_pu"]
    if saved is None:
        return ""
    word = "less" if saved >= 0.0 else "more"
    return (
        f"the 800 V chain takes {percent(abs(saved))} % {word} than the AC chain for the same work"
    )


def percent(share: float | None) -> str:
    """Return a share in percent, or a dash where there is none."""
    return "-" if share is None else f"{100.0 * share:.1f}"
