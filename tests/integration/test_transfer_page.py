"""The transfer report in a real browser without a network: light, dark, narrow, and on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.console.report import document
from tests.integration.browser import browser
from tests.unit.console.report.test_pages import report
from tests.unit.core.report.story import outage, reported

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LUMINANCE = """((element) => {
  const [r, g, b] = getComputedStyle(element).%s.match(/[0-9.]+/g).map(Number);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
})(document.querySelector('%s'))"""
_INK = _LUMINANCE % ("color", "main")
_PAPER = _LUMINANCE % ("backgroundColor", "body")


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    path = tmp_path / "transfer.html"
    late = reported(outage(accepted_s=31.0, second_s=31.0, on_input_s=40.0))
    path.write_text(document([report(), late], "1.0"), encoding="utf-8")
    return path


def test_the_page_is_readable_everywhere(
    program: Callable[[str], str], page_file: Path, tmp_path: Path
) -> None:
    with browser(program("chromium"), tmp_path) as page:
        page.open(page_file, width_px=400)
        loaded = "new Promise(done => document.readyState == 'complete' ? done() : onload = done)"
        page.ask(f"{loaded}.then(() => 0)")
        # Narrow: tables and figures scroll by themselves, the page does not.
        assert page.ask("document.documentElement.scrollWidth <= innerWidth")
        assert page.ask("document.querySelector('figure').scrollWidth > 700")
        assert page.ask("document.querySelectorAll('svg').length") == 4
        for scheme, dark in (("light", False), ("dark", True)):
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            page.call("Emulation.setEmulatedMedia", features=features)
            ink, paper = page.ask(_INK), page.ask(_PAPER)
            assert (paper < 60 and ink > 190) if dark else (paper > 240 and ink < 70)
        # On paper it is light, whatever the screen was.
        dark_screen = [{"name": "prefers-color-scheme", "value": "dark"}]
        page.call("Emulation.setEmulatedMedia", media="print", features=dark_screen)
        assert page.ask(_INK) < 10
        assert page.ask(_PAPER) > 240
        assert page.asked == [page_file.as_uri()]
        assert page.said == []
