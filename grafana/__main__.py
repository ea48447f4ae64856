"""Write every dashboard: `python -m grafana`; `--check` only says whether they are fresh."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.sheets import ALL

FOLDER: Final = Path(__file__).resolve().parent / "dashboards"


def written() -> dict[str, str]:
    """Return the text of every dashboard by the name of its file."""
    encoder = JSONEncoder(sort_keys=True, indent=1)
    return {f"{name}.json": encoder.encode(sheet) + "\n" for name, sheet in ALL.items()}


def stale() -> list[str]:
    """Return the files that are not as they would be written now, or should not be there."""
    texts = written()
    there = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    return sorted(name for name in texts.keys() | there if texts.get(name) != there.get(name))


def main() -> int:
    """Write what is stale; with `--check` only name it."""
    names = stale()
    if "--check" in sys.argv[1:]:
        print("\n".join(f"stale: {name}" for name in names) or "every dashboard is fresh")
        return 1 if names else 0
    FOLDER.mkdir(exist_ok=True)
    texts = written()
    for name in names:
        path = FOLDER / name
        if name in texts:
            path.write_text(texts[name])
        else:
            path.unlink()
    print(f"{len(texts)} dashboards in {FOLDER.name}/, {len(names)} of them written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
