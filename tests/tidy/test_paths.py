"""Nothing in the tree tells where it was made or where its parts came from."""

from __future__ import annotations

from tests.tidy.rules import ROOT, private_text, project_files


def test_no_registry_and_no_path_of_a_machine() -> None:
    found = []
    for path in project_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}:{line} {what}" for line, what in private_text(text)]
    assert found == []
