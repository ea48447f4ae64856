"""The core: scans in, decisions out."""
