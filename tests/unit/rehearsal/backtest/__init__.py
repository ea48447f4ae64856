"""Tests of daemon.rehearsal.backtest."""
