"""A second, plain implementation of the endpoint, to be compared with the engine call by call.

It was written from docs/assumptions.md alone, as SimPy processes, for reading and not for speed. It shares with the
engine what is drawn at random (arrivals, work of each call, the rendezvous order of hosts) and nothing else. Hosts come
and go in it as well: losses, the schedule and a target of autoscaling, and deploys. Devices have jobs
and models of their own.
"""
