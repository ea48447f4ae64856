"""Print what is in this image as a bill of materials (CycloneDX 1.5, JSON).

It is made in the image, of what is installed there, so it cannot tell of something else. It says
the same for the same image: no time, no serial number.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
import subprocess
import sys


def python_packages() -> list[dict[str, object]]:
    """Return the distributions of this interpreter, ours among them."""
    found = {}
    for one in importlib.metadata.distributions():
        name = re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower()
        said = one.metadata.json
        licence = str(said.get("license_expression") or said.get("license") or "")
        component: dict[str, object] = {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{one.version}",
            "purl": f"pkg:pypi/{name}@{one.version}",
            "name": name,
            "version": one.version,
        }
        # Some put the whole text there.
        if licence and "\n" not in licence and len(licence) < 80:
            component["licenses"] = [{"license": {"name": licence}}]
        found[name] = component
    return [found[name] for name in sorted(found)]


def debian_packages() -> list[dict[str, object]]:
    """Return the packages of the base, none where it is not of Debian."""
    form = "${Package} ${Version} ${Architecture}\n"
    try:
        said = subprocess.run(
            ["dpkg-query", "--show", "--showformat", form],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except FileNotFoundError:
        return []
    rows = sorted(line.split() for line in said.splitlines())
    return [
        {
            "type": "library",
            "bom-ref": f"pkg:deb/debian/{name}@{version}?arch={arch}",
            "purl": f"pkg:deb/debian/{name}@{version}?arch={arch}",
            "name": name,
            "version": version,
        }
        for name, version, arch in rows
    ]


def bill() -> dict[str, object]:
    """Return the whole bill."""
    version = importlib.metadata.version("ridethrough")
    runtime = {"type": "platform", "name": "python", "version": platform.python_version()}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": "ridethrough", "version": version}},
        "components": [runtime, *python_packages(), *debian_packages()],
    }


if __name__ == "__main__":
    json.dump(bill(), sys.stdout, indent=1)
    sys.stdout.write("\n")
