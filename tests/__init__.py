"""The proof, in the order in which a failure is cheapest to read.

`tidy` the house rules, `unit` the tree mirrored file by file, `properties` the laws, `golden` the
transcripts that are reviewed as diffs, `contract` the wire byte for byte, `simulation` the
daemon against the plant in virtual time, `integration` real sockets and services, `bench` the
measurements. A program that a test needs is asked for through the fixture `program`: absent, it
skips the test on a desk and fails it in CI.
"""
