"""Laws of the read plan: every point exactly once, no request longer than its link bears."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from daemon.drivers.plan import BITS, GAP, WORDS, WORDS_MIRROR, Block, plan
from daemon.model.natures import NATURES
from daemon.model.plant import Site
from daemon.model.points import MIRROR_UNIT, MIRROR_WORDS, Profile, tabulate
from daemon.settings import load
from tests.unit.drivers.board import equipment, register, site

NAMES = [n for n in NATURES["breaker"].points if not n.startswith("command")]

places = st.builds(
    register,
    table=st.sampled_from(["input", "holding", "discrete"]),
    address=st.integers(0, 300),
    type=st.sampled_from(["u16", "i32", "bit"]),
    access=st.sampled_from(["r", "rw", "w"]),
    scan=st.sampled_from(["", "normal"]),
)
profiles = st.dictionaries(st.sampled_from(NAMES), places, min_size=1)


@st.composite
def sites(draw: st.DrawFn) -> Site:
    maps = draw(st.lists(profiles, min_size=1, max_size=3))
    base = site(mirror=draw(st.booleans()), breakers=0)
    named = {
        f"breaker/{i}": Profile(
            f"breaker/{i}", "breaker", "modbus_tcp", "", m, bridged=draw(st.booleans())
        )
        for i, m in enumerate(maps)
    }
    items = {}
    for number in range(draw(st.integers(1, 12))):
        item = equipment(f"52-{number}", "breaker", "GW", number + 2, "slow")
        assert item.device is not None
        device = replace(item.device, profile=f"breaker/{number % len(maps)}")
        items[item.id] = replace(item, device=device)
    return replace(base, equipment=items, profiles=named)


def covered(blocks: tuple[Block, ...]) -> list[int]:
    return sorted(slot.point.index for block in blocks for slot in block.slots)


def limit(block: Block) -> int:
    if block.table == "discrete":
        return BITS
    return WORDS_MIRROR if block.mirror else WORDS


@given(sites())
def test_every_readable_point_is_read_once_within_limits(plant: Site) -> None:
    table = tabulate(plant)
    blocks = plan(plant, table, "GW")
    assert covered(blocks) == [p.index for p in table.points if "r" in p.place.access]
    for block in blocks:
        assert block.count <= max(limit(block), 2)
        ends = 0
        for slot in block.slots:
            assert slot.offset >= 0
            assert slot.offset + slot.register.words <= block.count
            assert slot.point.period_s == block.period_s
            device = plant.equipment[slot.point.equipment].device
            assert device is not None
            mirrored = block.unit == MIRROR_UNIT
            bridged = mirrored or plant.profiles[device.profile].bridged
            assert slot.offset - ends <= (GAP if bridged else 0)
            ends = max(ends, slot.offset + slot.register.words)
            shift = (device.unit - 2) * MIRROR_WORDS if mirrored else 0
            assert block.address + slot.offset == slot.register.address + shift
            assert mirrored or block.unit == device.unit
        assert block.address + ends == block.address + block.count


def test_the_reference_site_is_read_completely_in_few_requests() -> None:
    plant = load("ai_hall").site
    table = tabulate(plant)
    modbus = [g.id for g in plant.gateways.values() if g.protocol == "modbus_tcp"]
    blocks = [block for gateway in modbus for block in plan(plant, table, gateway)]
    read = [p for p in table.points if "r" in p.place.access and hasattr(p.place, "table")]
    assert covered(tuple(blocks)) == [p.index for p in read]
    fast = [block for block in blocks if block.period_s < 0.05]
    assert len(fast) == sum(g.mirror for g in plant.gateways.values()), "one fast block a board"
    assert len(blocks) < len(read) / 5
