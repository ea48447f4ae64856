"""Types: mypy --strict over both packages and the tests."""

from __future__ import annotations

from tests.tidy.rules import run


def test_types_are_sound() -> None:
    done = run("mypy", "--no-error-summary")
    assert done.returncode == 0, done.stdout
