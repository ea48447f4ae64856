"""The demonstration's own logic: verdicts, report, ports, children."""
