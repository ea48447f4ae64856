"""Tests of daemon.core.balance.shaving."""
