"""A state as plain values: what can be compared, written down, and handed to another process."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Set
from enum import Enum
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Return a value as nested tuples of plain values, or fail on anything that is none."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return tuple((f.name, plain(getattr(value, f.name))) for f in dataclasses.fields(value))
    if isinstance(value, Mapping):
        return tuple((plain(k), plain(v)) for k, v in value.items())
    if isinstance(value, Set):
        return tuple(sorted(map(plain, value)))
    if isinstance(value, (tuple, list)):
        return tuple(plain(item) for item in value)
    if isinstance(value, np.ndarray):
        assert value.dtype != object, value
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, Enum):
        return value.name
    assert value is None or isinstance(value, (bool, int, float, str, np.generic)), type(value)
    return value
