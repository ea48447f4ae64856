"""Every package has its chapter, and every noun says what it is."""

from __future__ import annotations

import ast

import pytest

from tests.tidy.rules import ROOT, missing_docstrings

PACKAGES = sorted(
    path.parent.relative_to(ROOT).as_posix()
    for top in ("daemon", "device_emulators", "tests")
    for path in (ROOT / top).rglob("__init__.py")
)
CHAPTER_LINES = 5


@pytest.mark.parametrize("package", PACKAGES)
def test_package_has_its_chapter(package: str) -> None:
    tree = ast.parse((ROOT / package / "__init__.py").read_text())
    chapter = ast.get_docstring(tree) or ""
    assert len(chapter.splitlines()) >= (1 if package.startswith("tests") else CHAPTER_LINES)


@pytest.mark.parametrize("package", [p for p in PACKAGES if not p.startswith("tests")])
def test_chapter_says_what_it_must_not_know_and_where_to_add(package: str) -> None:
    chapter = ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text())) or ""
    if package in {"daemon", "device_emulators"}:
        return  # the whole of a side: its packages say it
    assert "Must not know" in chapter
    assert "Add here" in chapter


def test_model_is_documented() -> None:
    assert missing_docstrings(ROOT, "daemon/model/") == []
