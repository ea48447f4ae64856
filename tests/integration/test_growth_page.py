"""The page of a plan in a real browser without a network: nothing overlaps the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.cli import main
from tests.integration.browser import browser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LOADED = "new Promise(d => document.readyState == 'complete' ? d() : onload = d).then(() => 0)"
_OUTSIDE = """[...document.querySelectorAll('svg')].flatMap(svg => {
  const paper = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < paper.left - 1 || box.right > paper.right + 1
      || box.top < paper.top - 1 || box.bottom > paper.bottom + 1;
  }).map(text => text.textContent);
})"""


def test_the_page_is_readable(program: Callable[[str], str], tmp_path: Path) -> None:
    file = tmp_path / "growth.html"
    main(["plan", "ai_hall", "--compare", "traditional", "--report", str(file)])
    with browser(program("chromium"), tmp_path) as page:
        for width_px in (400, 1300):
            page.open(file, width_px=width_px)
            page.ask(_LOADED)
            assert page.ask("document.documentElement.scrollWidth <= innerWidth")
            assert page.ask("document.querySelectorAll('svg').length") == 2
            assert page.ask(_OUTSIDE) == []
        assert set(page.asked) == {file.as_uri()}
        assert page.said == []
