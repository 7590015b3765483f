"""The numbers that stand for names in the tables: states, kinds of event, signals, causes, ledger parts."""

from math import inf, nan

INF = inf
NAN = nan
NONE = -1

# Hosts: COMING before the router sends to it; LOST: is no more, which the router does not know; LEAVING: the router
# sends nothing there any more
UP, LEAVING, LOST, COMING = 1, 2, 3, 4

# Pools: one model on one host
FREE, LOADING, READY, DRAINING = 0, 1, 2, 3
SERVES = 4  # no model: the queue and the workers of a whole host
GHOST = 5  # went with its host, and the router still believes in it

# What a load has left of a pool: a good copy, one whose calls fail, one without a worker
WORKS, BROKEN, NO_WORKER = 0, 1, 2

# Attempts: where an attempt is on the server's side
A_FREE, A_WAITING, A_PRE, A_QUEUED, A_TAKEN, A_POST, A_GIVEN_UP, A_STALLED, A_DROPPED = 0, 1, 2, 3, 4, 5, 6, 7, 8
A_BACKOFF = 9  # the client pauses before it

# Workers: where the job is on their device
D_AWAY, D_WAITS, D_ON = 0, 1, 2

# What a CPU task is for: an attempt in the front end before its queue, a worker's job, an attempt after it, control
# plane
TASK_PRE, TASK_JOB, TASK_POST, TASK_CONTROL = 0, 1, 2, 3

# Order of events at one instant (after the control plane): completions, batch close, queue entry, expiries, arrivals
CLASS_COMPLETION, CLASS_BATCH, CLASS_ENTRY, CLASS_EXPIRY, CLASS_ARRIVAL = 0, 1, 2, 3, 4

# Timers
TIMER_JOB, TIMER_POST, TIMER_BATCH, TIMER_PRE, TIMER_REACH, TIMER_LOOP, TIMER_USER = 0, 1, 2, 3, 4, 5, 6
TIMER_IDLE = 7

# Why the kernel hands control to the control plane (USERS: users of closed loops want their next calls)
REACHED, REFILL, MISS, IDLE, CPU_DONE, GROW, USERS, ADD_WORKER, WORKER_GONE = 0, 1, 2, 3, 4, 5, 6, 7, 8

# Which table has to grow (records are written away instead)
GROW_ATTEMPTS, GROW_POOLS, GROW_TIMERS, GROW_TASKS, GROW_WORKERS, GROW_CONTROLS, GROW_RECORDS = 0, 1, 2, 3, 4, 5, 6

# Rows of each kind that are free before every event and every verb: more than one uses. A verb that forwards more
# waiters than half of this asks for more beforehand.
MARGIN = 32
RATES = 16  # threads of a host up to which their rates are written down, from none on

# Causes, in the order of results.run_data.CAUSES; OK is not one of them
OK = -1
QUEUE_FULL, WORKER_DIED, NEVER_FITS, LOAD_FAILED, MODEL_ERROR = 0, 1, 2, 3, 4
INVOCATION_TIMEOUT, LOAD_TIMEOUT, THROTTLED, HOST_LOST, CLIENT_TIMEOUT = 5, 6, 7, 8, 9
N_CAUSES = 10

# Ledger parts, in the order of results.run_data.PARTS
NETWORK, ROUTER, FRONTEND_STALL, LOAD_SLOT_WAIT, DOWNLOAD, MEMORY_WAIT, LOAD = 0, 1, 2, 3, 4, 5, 6
QUEUE, BATCH_WAIT, CPU_WAIT, DEVICE_WAIT, DEVICE_COPY, SERVICE, OVERHEAD = 7, 8, 9, 10, 11, 12, 13
RETRY_BACKOFF, FAILED_ATTEMPTS = 14, 15
N_PARTS = 16

# Times of a recorded call, in the order of results.timeline.seen.TIMES
T_REACH, T_FORWARDED, T_QUEUED, T_TAKEN, T_CLOSED, T_DONE = 0, 1, 2, 3, 4, 5
N_TIMES = 6

# What follows at the same instant, in server.settle
DO_NOTHING, DO_PRE_WAIT, DO_ENTER, DO_REFUSE, DO_STAGE, DO_FINISH = 0, 1, 2, 3, 4, 5
DO_POST_WAIT, DO_LEAVE, DO_ANSWER, DO_REACH, DO_LOSE, DO_THROTTLE, DO_FAIL = 6, 7, 8, 9, 10, 11, 12

# Times that are counted in each window: rows of window_times. A bucket is so many cells of the plain fine grid of
# results.histogram, at most 4.7 % wide
MODEL_LATENCY, LOAD_WAIT = 0, 1
WINDOW_TIMES = 2
WINDOW_CELLS, WINDOW_BUCKETS = 12, 790

TEN_S = 10.0  # of which the extremes of the attempts in the system are kept

# Which calls a selection takes, in the order of scenario.run.selection's words
ANY, WARM, COLD = 0, 1, 2

# How long a batch takes, in the order of scenario's names: its longest item, all of them, or a base and a share each
BATCH_MAX, BATCH_SUM, BATCH_AFFINE = 0, 1, 2
