"""The tables of many rows: hosts, models, pools, workers, attempts, what is timed, and what comes in and goes out."""

from mmesim.engine.kernel.columns import (
    AT,
    CALL,
    CODE,
    COUNT,
    CPU_S,
    DEADLINE,
    FLAG,
    KEY,
    LIFE,
    LINK,
    MARK,
    MILLIONTHS,
    NUMBER,
    ORDER,
    PER_S,
    ROW,
    SHARE,
    S,
    in_lines,
    packed,
)

HOST = in_lines(
    ("heap_n", COUNT, "CPU tasks under way"),
    ("threads", COUNT, "threads that can run"),
    ("spin", MILLIONTHS, "sum of their factors of over-subscription"),
    ("in_flight", COUNT, "attempts that wait here for a load or an answer and that nobody has answered"),
    ("rate", NUMBER, "CPU seconds that each thread gets in a second"),
    ("virtual", CPU_S, "CPU seconds that a thread which always ran would have got"),
    ("at", AT, "up to when `virtual` and `busy` are known"),
    ("busy", S, "integral of busy vCPUs over time"),
    ("vcpu", NUMBER, "vCPUs"),
    ("cores", NUMBER, "physical cores"),
    ("smt_slope", NUMBER, "cores that each busy vCPU above the cores adds"),
    ("speed", NUMBER, "CPU seconds of work that one thread does in a second now"),
    ("full_speed", NUMBER, "the same when nothing slows the host down"),
    ("clock", NUMBER, "by which GDSF ages what is not asked for any more"),
    ("loops", COUNT, "event loops of its front end; 0: as many as there are requests"),
    ("hits", COUNT, "measured attempts that found their model ready"),
    ("state", CODE, "COMING, UP, LOST or LEAVING"),
    ("side", CODE, "0 or 1: while an endpoint is updated, its old and its new hosts are on two sides"),
    ("wanted", FLAG, "a load waits for a pool to become idle: IDLE is signalled"),
    ("load_queue", COUNT, "loads under way or waiting for a slot"),
    ("misses", COUNT, "measured attempts that did not find their model ready"),
    ("key", KEY, "in rendezvous hashing"),
    ("first_pool", LINK, "the pool whose load began first"),
    ("last_pool", LINK, "the pool whose load began last"),
    ("tokens", NUMBER, "of the bucket that throttles"),
    ("tokens_at", AT, "up to when `tokens` is known"),
    ("placed", COUNT, "bytes of memory of its pools, loading ones too"),
    ("lost", S, "integral of the vCPUs that spinning threads waste, over time"),
    ("config", ROW, "its place in `copies`"),
)

MODEL = in_lines(
    ("first_copy", LINK, "the pool of this model whose load began first"),
    ("spill_at", COUNT, "attempts in a ready pool that make one more copy"),
    ("batch_size", COUNT, "attempts of a full batch"),
    ("batch_rule", CODE, "how long a batch takes"),
    ("max_batch_delay", S, "that a batch waits to be full"),
    ("threads", COUNT, "threads of a job"),
    ("serial", SHARE, "of a job that runs on one thread"),
    ("loading", COUNT, "pools that are loading"),
    ("blocked_epoch", MARK, "`memory_epoch` when a load of it failed: no spill before that changes"),
    ("key", KEY, "in rendezvous hashing"),
    ("last_copy", LINK, "the pool of this model whose load began last"),
    ("disk_host", LINK, "the host from which it was unloaded last, with the artefact still there"),
    ("spin", MILLIONTHS, "factor of over-subscription of a thread"),
    ("pinned", FLAG, "is never unloaded for lack of room"),
    ("batch_base", S, "time of a batch, with the rule BATCH_AFFINE"),
    ("batch_per_item", S, "time of each attempt of it besides"),
    ("first_cpu", CPU_S, "further work of a worker's first job"),
    ("first_wait", S, "further waiting of a worker's first job"),
    ("home", LINK, "first host in rendezvous order, as of `home_epoch`"),
    ("home_epoch", MARK, "`fleet_epoch` when it was looked for"),
    ("device_bytes", COUNT, "memory that a worker takes on its device"),
)

COPY = packed(  # of each model, and in the last row of what serves all models of a host
    ("bytes", COUNT, "bytes of memory of a pool of the model on a host of this configuration"),
    ("workers", COUNT, "workers of a new pool"),
    ("most_workers", COUNT, "most workers of a pool"),
    ("add_worker_at", COUNT, "attempts in the queue at which a worker is added"),
)

POOL = in_lines(
    ("next_copy", LINK, "next pool of this model"),
    ("host", ROW, "where it is"),
    ("state", CODE, "FREE, LOADING, READY, DRAINING, SERVES or GHOST"),
    ("up", CODE, "1 or 2, by the side of its host, if the router uses it: that is UP, and it was not forgotten"),
    ("in_flight", COUNT, "attempts that its container has taken and not finished"),
    ("model", LINK, "what is loaded; NONE for the row of a shared queue"),
    ("filler", LINK, "the worker that fills its batch"),
    ("idle_n", COUNT, "idle workers"),
    ("idle_head", LINK, "the worker that has been idle longest"),
    ("queue_n", COUNT, "attempts that wait for a worker"),
    ("queue_head", LINK, "the first of them"),
    ("queue_tail", LINK, "the last of them"),
    ("idle_tail", LINK, "the worker that became idle last"),
    ("accessed", ORDER, "of the last attempt"),
    ("frequency", COUNT, "attempts since it was asked for"),
    ("served", COUNT, "attempts that its workers have served"),
    ("load_left", CODE, "what its load has left: WORKS, BROKEN or NO_WORKER"),
    ("last", AT, "time of the last attempt"),
    ("credit", NUMBER, "the host's clock at the last attempt, or at the end of the load if that was later"),
    ("gen", LIFE, "of the row"),
    ("prev_copy", LINK, "previous pool of this model"),
    ("next_pool", LINK, "next pool of this host"),
    ("prev_pool", LINK, "previous pool of this host"),
    ("waiter_head", LINK, "the first attempt that waits for the load"),
    ("waiter_tail", LINK, "the last of them"),
    ("waiter_n", COUNT, "attempts that wait for the load and have not given up"),
    ("workers", COUNT, "workers, dead ones and those that are being started too"),
    ("most_workers", COUNT, "most workers"),
    ("add_worker_at", COUNT, "attempts in the queue at which a worker is added"),
    ("first_worker", LINK, "the worker that was started last"),
    ("inserted", ORDER, "of the end of the load"),
    ("asked_by", CALL, "that asked for the load"),
    ("episode", FLAG, "a call that waited for its load has been answered well"),
    ("free", LINK, "next free row"),
    ("retry_cpu", CPU_S, "work of each job of a broken copy, which tries to load the model again"),
    ("retry_wait", S, "waiting of each such job"),
    ("asked", AT, "begin of the load"),
    ("t0", DEADLINE, "end of the first of slot wait and download"),
    ("t1", DEADLINE, "end of the second of them"),
    ("t2", DEADLINE, "end of the wait for memory"),
    ("t3", DEADLINE, "end of the load"),
)

WORKER = in_lines(
    ("pool", ROW, "whose worker it is: the row with its queue"),
    ("next", LINK, "next idle worker of the pool, or next free row"),
    ("head", LINK, "first attempt of its batch"),
    ("tail", LINK, "last attempt of its batch"),
    ("n", COUNT, "attempts of its batch"),
    ("batch_no", LIFE, "number of its batch: an older batch's delay is void"),
    ("fresh", FLAG, "has served nothing since its load"),
    ("stage", COUNT, "stages of its job that have begun"),
    ("threads", COUNT, "threads of the stage under way"),
    ("gen", LIFE, "of the row; a death begins another"),
    ("service", S, "service of the batch at full speed"),
    ("hold", S, "server's own work after it at full speed"),
    ("asked_cpu", CPU_S, "work of the batch"),
    ("asked_wait", S, "waiting of the batch"),
    ("dead", FLAG, "has died and is not back"),
    ("sibling", LINK, "next worker of the pool"),
)

BY_DEMAND = packed(  # a worker, where workers stop that have been idle for `max_idle`
    ("idle_since", AT, "when it stood in line last"),
    ("added", FLAG, "was added under load: it is one that stops"),
)

ON_DEVICE = in_lines(  # a worker
    ("device", ROW, "which of its host's devices is the worker's"),
    ("state", CODE, "where its job is: D_..."),
    ("next", LINK, "worker whose job is next on the device"),
    ("asks", FLAG, "its job has a part on the device"),
    ("work", S, "time of the batch on the device"),
    ("failed", FLAG, "its job found no memory"),
    ("resident", FLAG, "its model is in the device's memory"),
    ("bytes", COUNT, "that it takes there"),
    ("newer", LINK, "worker that used the device next after it, of those whose model is there"),
    ("older", LINK, "worker that used the device last before it, of those whose model is there"),
)

DEVICE = packed(
    ("head", LINK, "the worker whose job is next"),
    ("tail", LINK, "the worker whose job is last"),
    ("running", COUNT, "jobs on it"),
    ("at_once", COUNT, "most jobs on it"),
    ("used", COUNT, "bytes of models"),
    ("room", COUNT, "bytes for models"),
    ("copy_Bps", PER_S, "bytes copied to it"),
    ("newest", LINK, "worker that used it last, of those whose model is there"),
    ("oldest", LINK, "worker that used it longest ago, of those whose model is there"),
    ("count", COUNT, "devices of the host (first device)"),
    ("given", COUNT, "workers that came to the host (first device)"),
    ("copies", COUNT, "models that were copied to it"),
    ("at", AT, "up to when `busy` and `held` are known"),
    ("busy", S, "integral of whether jobs are on it, over time"),
    ("held", NUMBER, "integral of `used` over time, byte-seconds"),
)

ATTEMPT = packed(
    ("state", CODE, "where it is on the server's side: A_..."),
    ("gen", LIFE, "of the row"),
    ("next", LINK, "next one in the queue, the batch or the line that it is in, or next free row"),
    ("call", COUNT, "number of its call, in order of arrival at the router"),
    ("number", COUNT, "1 for the first attempt of the call"),
    ("model", ROW, "what is called"),
    ("pool", LINK, "where it went"),
    ("host", LINK, "where it went"),
    ("client_prev", LINK, "previous one in order of the clients' deadlines"),
    ("client_next", LINK, "next one in order of the clients' deadlines"),
    ("server_prev", LINK, "previous one in order of the platform's deadlines"),
    ("server_next", LINK, "next one in order of the platform's deadlines"),
    ("server_list", CODE, "which list of the platform's deadlines: WAITERS, FORWARDED, 0 for none"),
    ("hit", FLAG, "found its model ready"),
    ("measured", FLAG, "its call began within the measured time"),
    ("answered", FLAG, "no one waits for it: it was answered or given up, or its client pauses before it"),
    ("key", KEY, "of the call, the same whatever else happens"),
    ("user", LINK, "user of a closed loop, NONE for an open-loop call"),
    ("retry_cost", COUNT, "tokens of the quota that it cost"),
    ("cold", FLAG, "it or an earlier attempt of the call waited for a load"),
    ("earlier_hits", COUNT, "earlier attempts of the call that found their model ready"),
    ("earlier_misses", COUNT, "earlier attempts of the call that reached a host and did not"),
    ("call_start", AT, "when the client made the call"),
    ("start", AT, "when the client sent this attempt"),
    ("reach", AT, "when it reached the router"),
    ("forwarded", AT, "when it was handed to the container; below 0: it was not"),
    ("queued", AT, "when it came to the queue"),
    ("taken", AT, "when a worker took it"),
    ("closed", AT, "when its batch was complete; below 0: it is not"),
    ("cpu", CPU_S, "service: work"),
    ("wait", S, "service: waiting"),
    ("route", SHARE, "its uniform number for the router"),
    ("stall", S, "waited for a blocked event loop"),
    ("slot_wait", S, "waited for the load's slot"),
    ("download", S, "waited for the load's download"),
    ("memory_wait", S, "waited for memory for the load"),
    ("load", S, "waited for the load itself"),
    ("pre_cpu", CPU_S, "front end's work before the queue"),
    ("pre_wait", S, "front end's waiting before the queue"),
    ("hold_cpu", CPU_S, "server's work on the worker"),
    ("hold_wait", S, "server's waiting on the worker"),
    ("post_cpu", CPU_S, "front end's work after the job"),
    ("post_wait", S, "front end's waiting after the job"),
    ("service", S, "service that it got, at full speed"),
    ("overhead", S, "server's own time for it, at full speed"),
    ("cpu_wait", S, "what sharing the CPU added"),
    ("post_start", AT, "when its job was done"),
    ("backoff", S, "pauses of the client before this attempt"),
    ("failed", S, "earlier attempts of the call"),
)

DEVICE_CALL = packed(  # an attempt
    ("work", S, "service: on a device"),
    ("asked", AT, "when its job came to the device"),
    ("begun", AT, "when it began there; below 0: it has not"),
    ("copy", S, "for which its model is copied to the device"),
)

CONTROL_TASK = packed(
    ("host", LINK, "where it computes, NONE when it has ended"),
    ("threads", COUNT, "that it runs on"),
    ("next", LINK, "next free row"),
    ("loop", LINK, "event loop that its first part blocks"),
    ("second", CPU_S, "work that follows the first part"),
)

LOOP = packed(
    ("blocked", COUNT, "registrations and attempts that it works for"),
    ("head", LINK, "first attempt that waits for it"),
    ("tail", LINK, "last attempt that waits for it"),
)

TIMER = packed(
    ("order", ORDER, "among timers of one time: its class, then its number"),
    ("code", CODE, "row * KINDS + kind"),
    ("gen", LIFE, "of that row when the timer was set"),
    ("time", AT, "when it is due"),
)

TASK = packed(
    ("seq", ORDER, "among tasks that end together"),
    ("code", CODE, "row * 4 + kind"),
    ("finish", CPU_S, "the host's `virtual` at its end"),
)

_DRAWN = (
    ("cpu", CPU_S, "service: work"),
    ("wait", S, "service: waiting"),
    ("route", SHARE, "uniform number for the router"),
)
_CALLED = (
    ("model", ROW, "what is called"),
    ("key", KEY, "of the call"),
)

ARRIVAL = packed(*_CALLED, ("time", AT, "when the client makes the call"), *_DRAWN)

DRAFT = in_lines(
    *_CALLED,
    ("gap", S, "user's pause before the call"),
    ("pace", S, "least time from the start of the user's call before"),
    *_DRAWN,
)

OVERHEAD = packed(  # an arrival or a draft, where it is drawn for each call
    ("pre_cpu", CPU_S, "front end's work before the queue"),
    ("pre_wait", S, "front end's waiting before the queue"),
    ("hold_cpu", CPU_S, "server's work on the worker"),
    ("hold_wait", S, "server's waiting on the worker"),
    ("post_cpu", CPU_S, "front end's work after the job"),
    ("post_wait", S, "front end's waiting after the job"),
)

USER = packed(
    ("first", ROW, "first of the user's rows of drafts"),
    ("last", ROW, "last of them, after which the first comes"),
    ("at", ROW, "the draft of the next call"),
    ("left", COUNT, "drafts from there on that are drawn"),
    ("next", LINK, "next user whose drafts are all used"),
    ("start", AT, "when the next call begins"),
    ("free_at", AT, "when the last answer came"),
    ("begin", AT, "no call begins before"),
    ("end", AT, "no call begins from here on"),
    ("again", FLAG, "the user comes back some time after `end`"),
    ("budget", LINK, "place in `budgets` of the calls that the user may begin, NONE: no limit"),
)

MODEL_STATS = in_lines(
    ("calls", COUNT, "measured calls that have ended"),
    ("ok", COUNT, "those that were answered well"),
    ("misses", COUNT, "cold ones"),
    ("latency", S, "sum of the latencies of those answered well"),
    ("latency_min", S, "the shortest of them"),
    ("latency_max", S, "the longest of them"),
    ("busy", S, "sum of the times that workers have spent on batches that have ended"),
    ("workers", COUNT, "workers of ready pools that are alive"),
    ("worker", S, "integral of `workers` over time"),
    ("worker_at", AT, "up to when the integral is known"),
)

SELECTION = packed(
    ("state", CODE, "ANY, WARM or COLD"),
    ("first", ROW, "the cell of its first window"),
    ("windows", COUNT, "windows"),
    ("start", AT, "of the first window"),
    ("end", AT, "of the last window"),
    ("length", S, "of a window"),
    ("limit", S, "above which a call is slow"),
)

CELL = packed(
    ("calls", COUNT, "measured calls that began in this window of a selection and have ended"),
    ("ok", COUNT, "those that were answered well"),
    ("over", COUNT, "those of them that were slow"),
    ("hits", COUNT, "attempts of the calls that found their model ready"),
    ("misses", COUNT, "attempts of the calls that reached a host and did not"),
    ("latency", S, "sum of the latencies of those answered well"),
)

RECORD = packed(
    ("call", COUNT, "number of the call"),
    ("key", KEY, "of the call"),
    ("model", ROW, "what was called"),
    ("host", LINK, "of the last attempt"),
    ("hit", FLAG, "the last attempt found its model ready"),
    ("cause", CODE, "of its failure, or OK"),
    ("attempts", COUNT, "of the call"),
    ("arrival", AT, "when the client made the call"),
    ("latency", S, "as the client saw it"),
)
