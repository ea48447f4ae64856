"""Tests of daemon.core.security."""
