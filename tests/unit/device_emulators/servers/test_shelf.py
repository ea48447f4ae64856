from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_emulators.servers.shelf import Shelf

KEYS = st.integers(0, 5)


def test_what_is_taken_is_a_copy() -> None:
    store = {1: [1], 2: [2]}
    one: Shelf[int, list[int]] = Shelf(store)
    other: Shelf[int, list[int]] = Shelf(store)
    one[1].append(7)
    one[2] = [9]
    assert (one[1], one[2]) == ([1, 7], [9])
    assert (other[1], other[2]) == ([1], [2])
    assert store == {1: [1], 2: [2]}


@given(
    st.dictionaries(KEYS, st.integers()),
    st.lists(st.tuples(st.sampled_from(["put", "take", "look"]), KEYS, st.integers())),
)
def test_it_is_a_dictionary(store: dict[int, int], actions: list[tuple[str, int, int]]) -> None:
    shelf, model = Shelf(store), dict(store)
    for action, key, value in actions:
        if action == "put":
            shelf[key] = model[key] = value
        elif key not in model:
            assert key not in shelf
            with pytest.raises(KeyError):
                shelf.pop(key) if action == "take" else shelf[key]
        elif action == "take":
            del shelf[key]
            del model[key]
        else:
            assert shelf[key] == model[key]
        assert dict(shelf) == model
        assert len(shelf) == len(model)
