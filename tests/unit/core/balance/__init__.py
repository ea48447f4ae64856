"""Tests of daemon.core.balance."""
