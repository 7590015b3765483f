"""Which replication numbers serve which purpose: what chose an answer never decides it, and never measures it.

A replication's random numbers depend on (seed, number) alone, so runs with numbers of two rooms have none in common.
"""

from __future__ import annotations

RUN = 0
"""`mmesim run`, and every experiment that compares runs with it."""
WARMUP_PILOT = 1_000_000
"""Pilots of an automatic warm-up."""
GATE_PILOT = 2_000_000
"""Pilot of a gate: how long its replications are."""
GATE = 3_000_000
"""What a gate decides on."""
PLAN_SHORT = 4_000_000
"""Short runs of a plan, which turn clear fleets down."""
PLAN_SEARCH = 4_500_000
"""Looks of a plan that turn fleets down."""
PLAN_PILOT = 5_000_000
"""Pilot of a plan's looks and of its decision."""
PLAN_DECISION = 6_000_000
"""What decides the answer of a plan."""
PLAN_ESTIMATE = 7_000_000
"""What the answer's figures are measured on."""
PLAN_SCALED = 7_500_000
"""On which the answer of a plan is compared with its autoscaling."""
DRAWS = 8_000_000
"""Draws of uncertain inputs."""
WHAT_IF = 9_000_000
"""What-ifs of `mmesim explain`."""
CAPACITY = 10_000_000
"""Short runs of a capacity, which say where to look."""
CAPACITY_PILOT = 10_300_000
"""Pilot of a capacity's decisions."""
CAPACITY_DECISION = 10_600_000
"""What decides whether an amount fits."""
SPLIT = 11_000_000
"""By which `mmesim split` looks for a way to split."""
SPLIT_CONFIRM = 11_500_000
"""On which it tries again what it found."""
SPLIT_BEFORE = 20_000_000
"""Calls before a run, which leave serverless environments idle: 20 numbers for each run of a split."""
