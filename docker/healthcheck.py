"""Say whether the daemon in this container lives and is ready; RIDETHROUGH_AT says where it is."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

AT = os.environ.get("RIDETHROUGH_AT", "127.0.0.1:9464")


def verdict(path: str) -> str:
    """Return what is wrong, or ""."""
    try:
        with urllib.request.urlopen(f"http://{AT}{path}", timeout=1.5) as reply:
            reply.read()
    except urllib.error.HTTPError as error:
        return f"{path}: {error.read(200).decode(errors='replace').strip()}"
    except OSError as error:
        return f"{path}: {error}"
    return ""


if __name__ == "__main__":
    wrong = verdict("/livez") or verdict("/readyz")
    sys.stdout.write(f"{wrong or 'ok'}\n")
    sys.exit(1 if wrong else 0)
