"""Hostile input: mutants of scenarios, traces, tables, server files, `--set` and sweeps, given to the command line.

`make fuzz` runs thousands; the tests run a few of each kind. A case is a kind and a number, so that it can be run again
(`python -m tests.fuzz --kind scenario --only 1234`). Whatever it is given, mmesim answers with a result or a
message. It does not crash (exit code 70), hang, fill the memory, or leave half-written files behind.
"""
