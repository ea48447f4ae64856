"""What a scan asks, kept as a tree: that it asks it once more costs no more than a walk.

A scan asks of time ("has this much passed since?") and of values ("what does this point show?").
What comes next, a question or the end, depends on the answers so far and on nothing else that
differs between scans about the same things, which are the *root* of a tree. A question of time may
be open; then the walk goes on with yes, and what is so with no is left to be walked later.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final, Generic, Protocol, Self, TypeVar

from daemon.rehearsal.proof.zones import Query

End = TypeVar("End")
"""What a scan comes to."""


class Age(Protocol):
    """What is known of the age of every stamp of a memory."""

    def answer(self, query: Query) -> bool | None:
        """Return whether a stamp is so old, None when that is open."""

    def narrowed(self, query: Query, *, reached: bool) -> Age:
        """Return what is known once an open question is answered."""


Answered = tuple[Query | int, float | None]
"""What a scan asked, and the answer."""
Asked = list[Answered]
"""What a scan asked, in order, and the answers: whether a time has passed, what a point shows."""


def of_time(asked: Asked) -> list[tuple[Query, bool]]:
    """Return what was asked of time."""
    return [(q, bool(came)) for q, came in asked if isinstance(q, Query)]


def answered(query: Query, now: Age, work: list[Age]) -> tuple[bool, Age]:
    """Return an answer and what is known with it; of what is open yes, and no is left to `work`."""
    answer = now.answer(query)
    if answer is not None:
        return answer, now
    work.append(now.narrowed(query, reached=False))
    return True, now.narrowed(query, reached=True)


class Read(list[int]):
    """Points that are read: tells of each as soon as it is."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        """Tell `tell`."""
        super().__init__()
        self._tell: Final = tell

    def append(self, index: int, /) -> None:
        """Note a point."""
        self._tell(index)

    def __iadd__(self, indices: Iterable[int], /) -> Self:  # type: ignore[override,misc]
        """Note several."""
        for index in indices:
            self._tell(index)
        return self


class _Node(Generic[End]):
    """A question in the tree of a scan, of time or of the value of a point, and its answers."""

    __slots__ = ("answers", "question")

    def __init__(self, question: Query | int) -> None:
        self.question = question
        self.answers: dict[float | None, _Node[End] | End] = {}


class Trees(Generic[End]):
    """Trees of questions, by what they are about, and what stands at their ends."""

    def __init__(self) -> None:
        """Know no tree yet."""
        self._trees: dict[Hashable, _Node[End] | End] = {}

    def walk(
        self, root: Hashable, values: Sequence[float | None], now: Age, work: list[Age]
    ) -> tuple[End | None, Age, Asked]:
        """Return the end that answers lead to, or None, what is then known, and what was asked.

        Args:
            root: of the tree.
            values: by point, what it shows.
            now: what is known of the ages of stamps.
            work: where the other answers to what is open are put.
        """
        node = self._trees.get(root)
        asked: Asked = []
        while isinstance(node, _Node):
            question = node.question
            answer: float | None
            if isinstance(question, int):
                answer = values[question]
            else:
                answer, now = answered(question, now, work)
            asked.append((question, answer))
            node = node.answers.get(answer)
        return node, now, asked

    def keep(self, root: Hashable, asked: Sequence[Answered], end: End) -> None:
        """Put the end of a scan into its tree of questions."""
        node = self._trees.get(root)
        above: _Node[End] | None = None
        last: float | None = None
        for question, answer in asked:
            if node is None:
                node = _Node(question)
                self._hang(root, above, last, node)
            assert isinstance(node, _Node), "a scan asked less than before"
            assert node.question == question, "a scan asked something else than before"
            above, last = node, answer
            node = node.answers.get(answer)
        assert node is None, "a scan that had been run"
        self._hang(root, above, last, end)

    def _hang(
        self,
        root: Hashable,
        above: _Node[End] | None,
        answer: float | None,
        node: _Node[End] | End,
    ) -> None:
        if above is None:
            self._trees[root] = node
        else:
            above.answers[answer] = node
