"""Tests of daemon.core.storage."""
