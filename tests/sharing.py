"""The reference hall with a UPS that lends its battery, which the shipped one has not."""

from __future__ import annotations

from daemon.settings import config_dir

SHARING = "generic_sharing, fallback: {after_s: 3, action: zero}"


def sharing_hall(words: str = "") -> str:
    """Return the text of the site file with UPS-A that shares its load.

    Args:
        words: what its `control:` says beside, indented.
    """
    text = (config_dir() / "sites" / "ai_hall.yaml").read_text("utf-8")
    before, after = text.split("  UPS-A:", 1)
    text = f"{before}  UPS-A:{after.replace('generic_double', SHARING, 1)}"
    return text.replace("control:\n", f"control:\n{words}", 1)
