"""Tests of daemon.core.operation."""
