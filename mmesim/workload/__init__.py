"""Calls of a run: when each comes, for which model, how much work it brings; and how long loads take.

They depend on the scenario and the seed alone, never on what serves them: `requests` are the open loops and traces,
`users` the closed loops (the engine decides when those call), `loads` the loads, `reference` the traffic at the start.
"""
