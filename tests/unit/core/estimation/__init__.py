"""Tests of daemon.core.estimation."""
