"""How the two errors of a plan, 2.5 % each, are shared out.

*The answer is not inside*: at most four candidates are tried on the numbers that decide, each once, at 2.5 % / 4. Which
fleets these are, and in which order, depends on the search alone, whose random numbers are others; so whatever the
search has seen, the chance that one of them that is not inside passes is at most the sum of four. A fleet that is not
inside violates a line, and passes only if that line passes: the number of lines does not matter.

*A cheaper fleet is inside*: the answer is dearer than the cheapest fleet inside only if that one was turned down or is
named as open, since what is cheaper is looked at first. So the chance is at most that of turning this one fleet down,
and the number of fleets does not matter. It may be turned down by its short runs, by a look of the search and by a look
of the decision, each with its own part of 2.5 %, and at each by any of its lines, which share it. A replication that is
not recovered from turns a fleet down without a test, and that error is beside the 2.5 %: of a fleet that keeps its
limits exactly, with independent calls, it is said in at most one of a thousand replications (`BY_CHANCE` of
`mmesim.results.over_time.kept_again`), in one of 5,000 as counted; of one with half as many bad calls never, of one
whose calls queue right at the limit in 2.5 % (docs/recovery.md).

The looks that turn a fleet down share their part by the square of the replications that are there: ten of 80 may spend
1/64 of it. A gate spends next to nothing so early, and most limits of a plan are clear long before the end. What must
stay below a limit is skewed to the right, which makes a wrong fail rarer than Hall's statistic says, and a wrong pass
more frequent, most of all where a rare burst has not been seen yet. So a pass of the decision spends as a gate does:
if each replication's share is lognormal with a sigma of 1, a wrong pass is 4.6 times as frequent as said with early
looks, and 2.8 times without; where a fifth of the replications holds bursts, 6.4 and 1.1 times.
"""

from __future__ import annotations

NOT_INSIDE = 0.025
"""Chance that the answer is not inside."""
CANDIDATES = 4
"""Fleets that may be tried on the numbers that decide."""
PASS = NOT_INSIDE / CANDIDATES
"""Chance that a candidate which is not inside passes."""
SHORT = 0.004
"""Chance that a fleet inside is turned down by the mean of its short runs."""
SHORT_BOUNDED = 0.001
"""The same by Hoeffding's bound, where the mean is too skewed."""
HOPELESS = 0.025
"""Chance that the first few short runs of a draw count a fleet as outside that is inside, by Hoeffding's bound."""
SEARCH = 0.01
"""Chance that a fleet inside is turned down by a look of the search."""
DECISION = 0.01
"""Chance that a fleet inside is turned down by a look of the decision."""
POWER = 2.0
"""By which power of the share of the replications that are there the looks that turn down spend their part."""
CLEAR = 0.01
"""Level at which short runs show a line clearly inside: it decides which looks come next, and nothing else."""
LOOKS_INSIDE = 0.2
"""Error with which a look of the search takes a line for inside: the decision comes after it."""
