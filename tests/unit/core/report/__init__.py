"""The transfer report: closed streams of events in, stages and verdicts out."""
