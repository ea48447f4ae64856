"""Tests of daemon.core.alarms."""
