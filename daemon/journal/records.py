"""Records: values of the model as plain ones, and images as what changed since the last.

A plant of two thousand points changes a few dozen values from scan to scan, so an image costs a few
hundred bytes instead of forty thousand. Times of receipt come in groups, one for each reply, and
are kept as groups. What is read back is bit for bit what was written, the version of the image
included: a replay leaves out what the scan left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from daemon.model import commands, events
from daemon.model.image import UNVERSIONED, Image, bits_differ, freeze

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TYPES: Final[dict[str, Any]] = {
    cls.__name__: cls
    for cls in (
        commands.Acknowledgement,
        commands.Approval,
        commands.Cancellation,
        commands.Command,
        commands.Finished,
        commands.JobNotice,
        commands.LaneMessage,
        commands.Operation,
        commands.OperatorRequest,
        commands.Outcome,
        commands.Proposal,
        commands.Request,
        commands.Result,
        commands.Selection,
        events.AlarmTransition,
        events.Event,
    )
}
_KIND: Final = "@"
_PLAIN: Final = frozenset({str, int, float, bool, type(None), bytes})
_NAMES: Final[dict[type, tuple[str, ...]]] = {}
"""Names of the fields of each class, as they are met."""

T = TypeVar("T", bound=np.generic)


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of the model
    """Return `value` in maps, sequences, text and numbers, from which `rich` makes it again."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        body = {_KIND: kind.__name__}
        names = _NAMES.get(kind) or _NAMES.setdefault(kind, tuple(f.name for f in fields(value)))
        for name in names:
            item = getattr(value, name)
            body[name] = item if type(item) in _PLAIN else plain(item)
        return body
    if isinstance(value, Enum) and not isinstance(value, IntEnum):
        return {_KIND: type(value).__name__, "value": value.value}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return int(value) if isinstance(value, IntEnum) else value


def rich(value: Any) -> Any:  # noqa: ANN401 - any value of the model
    """Return what `plain` was given; sequences come back as tuples."""
    if isinstance(value, dict):
        body = {key: rich(item) for key, item in value.items() if key != _KIND}
        return _TYPES[value[_KIND]](**body) if _KIND in value else body
    if isinstance(value, (tuple, list)):
        return tuple(rich(item) for item in value)
    return value


class ImageWriter:
    """Turns images into what changed since the one before."""

    def __init__(self) -> None:
        self._last: Image | None = None

    def write(self, image: Image) -> dict[str, Any]:
        """Return the change from the last image given; nothing for the same one again."""
        last, self._last = self._last, image
        if image is last:
            return {}
        delta: dict[str, Any] = {"n": image.now_ns, "u": image.utc_ns, "i": image.version}
        if last is None:
            delta["size"] = len(image.values)
            last = _zeros(len(image.values))
        if image.values is not last.values:
            moved = np.flatnonzero(bits_differ(image.values, last.values))
            if len(moved):
                delta["v"] = _pack(moved), image.values[moved].tobytes()
        if image.quality is not last.quality:
            judged = np.flatnonzero(image.quality != last.quality)
            if len(judged):
                delta["q"] = _pack(judged), image.quality[judged].tobytes()
        if image.source_ns is not last.source_ns:
            heard = image.source_ns != last.source_ns
            if heard.any():
                delta["h"] = np.packbits(heard).tobytes(), *_grouped(image.source_ns[heard])
        return delta

    def forget(self) -> None:
        """Write the next image in full, as the first of a file must be."""
        self._last = None


class ImageReader:
    """Makes images of their changes again."""

    def __init__(self) -> None:
        self._last: Image | None = None

    def read(self, delta: Mapping[str, Any]) -> Image:
        """Return the image that `delta` leads to.

        Raises:
            ValueError: a change without an image before it.
        """
        if "size" in delta:
            self._last = _zeros(delta["size"])
        last = self._last
        if last is None:
            raise ValueError("the record begins in the middle of a file")
        if not delta:
            return last
        values, quality, source_ns = last.values, last.quality, last.source_ns
        if "v" in delta:
            values = _changed(values, delta["v"][0], np.frombuffer(delta["v"][1]))
        if "q" in delta:
            codes = np.frombuffer(delta["q"][1], dtype=np.uint32)
            quality = _changed(quality, delta["q"][0], codes)
        if "h" in delta:
            heard = np.flatnonzero(np.unpackbits(np.frombuffer(delta["h"][0], dtype=np.uint8)))
            times = np.frombuffer(delta["h"][2], dtype=np.int64)
            which = _unpack(delta["h"][1]) if delta["h"][1] else np.zeros_like(heard)
            source_ns = _changed(source_ns, _pack(heard), times[which])
        if "s" in delta:  # version 1
            times = np.frombuffer(delta["s"][2], dtype=np.int64)
            source_ns = _changed(source_ns, delta["s"][0], times[_unpack(delta["s"][1])])
        version = delta.get("i", UNVERSIONED)
        self._last = Image(delta["n"], delta["u"], values, quality, source_ns, version)
        return self._last


def _zeros(size: int) -> Image:
    nothing = np.zeros(size), np.zeros(size, dtype=np.uint32), np.zeros(size, dtype=np.int64)
    return freeze(0, 0, *nothing)


def _grouped(times: NDArray[np.int64]) -> tuple[bytes, bytes]:
    """Return the group of each time, empty where all came in one, and the times of the groups."""
    first = times[:1]
    if (times == first).all():
        return b"", first.tobytes()
    groups, which = np.unique(times, return_inverse=True)
    return _pack(which), groups.tobytes()


def _changed(array: NDArray[T], indices: bytes, to: NDArray[T]) -> NDArray[T]:
    """Return a write-protected copy in which some values are others."""
    after = array.copy()
    after[_unpack(indices)] = to
    after.flags.writeable = False
    return after


def _pack(indices: NDArray[np.intp]) -> bytes:
    return indices.astype(np.uint32).tobytes()


def _unpack(data: bytes) -> NDArray[np.uint32]:
    return np.frombuffer(data, dtype=np.uint32)
