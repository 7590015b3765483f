"""Three orders by time: timers (a binary heap), tasks of a host (a heap in virtual time), hosts (a tree of minima)."""

from mmesim.engine.kernel.jit import inline, inner

KLASS = 1 << 56  # classes are told apart above the sequence numbers
KINDS = 8


@inner
def push_timer(clock, timers, time, klass, kind, row, gen):
    """Add a timer; timers leave in order of (time, class, sequence number)."""
    order = klass * KLASS + clock.seq
    clock.seq += 1
    i = clock.n_timers
    clock.n_timers = i + 1
    while i > 0:
        parent = (i - 1) >> 1
        if timers.time[parent] < time or (timers.time[parent] == time and timers.order[parent] < order):
            break
        move_timer(timers, parent, i)
        i = parent
    timers.time[i] = time
    timers.order[i] = order
    timers.code[i] = row * KINDS + kind
    timers.gen[i] = gen


@inline
def move_timer(timers, i, j):
    """Copy timer number `i` to place `j`."""
    timers.time[j] = timers.time[i]
    timers.order[j] = timers.order[i]
    timers.code[j] = timers.code[i]
    timers.gen[j] = timers.gen[i]


@inline
def _timer_before(timers, i, j):
    # `|` and `&` need no branch: of two timers deep in the heap nobody can predict the earlier one.
    earlier, tied = timers.time[i] < timers.time[j], timers.time[i] == timers.time[j]
    return earlier | (tied & (timers.order[i] < timers.order[j]))


@inner
def pop_timer(clock, timers):
    """Take the first timer out of the heap; its kind, row and generation."""
    code, gen = timers.code[0], timers.gen[0]
    n = clock.n_timers - 1
    clock.n_timers = n
    i = 0
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        child += 1 if _timer_before(timers, child + 1, child) else 0  # that may be the last one, at the place n
        if _timer_before(timers, n, child):
            break
        move_timer(timers, child, i)
        i = child
    move_timer(timers, n, i)
    return code % KINDS, code // KINDS, gen


@inner
def push_task(clock, space, hosts, tasks, h, finish, code):
    """Add a CPU task of host `h` that ends at virtual time `finish`; ties in order of start."""
    seq = clock.seq
    clock.seq = seq + 1
    i = hosts.heap_n[h]
    hosts.heap_n[h] = i + 1
    if i + space.margin >= tasks.finish.shape[1]:
        space.tasks_full = 1
    while i > 0:
        parent = (i - 1) >> 1
        if tasks.finish[h, parent] <= finish:
            break
        tasks.finish[h, i] = tasks.finish[h, parent]
        tasks.seq[h, i] = tasks.seq[h, parent]
        tasks.code[h, i] = tasks.code[h, parent]
        i = parent
    tasks.finish[h, i] = finish
    tasks.seq[h, i] = seq
    tasks.code[h, i] = code


@inner
def remove_task(hosts, tasks, h, i):
    """Take task number `i` of the heap of host `h` out (0 is the next to end); its code."""
    code = tasks.code[h, i]
    n = hosts.heap_n[h] - 1
    hosts.heap_n[h] = n
    finish, seq, moved = tasks.finish[h, n], tasks.seq[h, n], tasks.code[h, n]
    if i == n:
        return code
    while i > 0:  # only when a task is taken from the middle
        parent = (i - 1) >> 1
        if tasks.finish[h, parent] < finish or (tasks.finish[h, parent] == finish and tasks.seq[h, parent] < seq):
            break
        tasks.finish[h, i] = tasks.finish[h, parent]
        tasks.seq[h, i] = tasks.seq[h, parent]
        tasks.code[h, i] = tasks.code[h, parent]
        i = parent
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        if child + 1 < n and (
            tasks.finish[h, child + 1] < tasks.finish[h, child]
            or (tasks.finish[h, child + 1] == tasks.finish[h, child] and tasks.seq[h, child + 1] < tasks.seq[h, child])
        ):
            child += 1
        if finish < tasks.finish[h, child] or (finish == tasks.finish[h, child] and seq < tasks.seq[h, child]):
            break
        tasks.finish[h, i] = tasks.finish[h, child]
        tasks.seq[h, i] = tasks.seq[h, child]
        tasks.code[h, i] = tasks.code[h, child]
        i = child
    tasks.finish[h, i] = finish
    tasks.seq[h, i] = seq
    tasks.code[h, i] = moved
    return code


@inline
def update_ends(ends, firsts, h):
    """Bring the tree of minima, with the hosts that they belong to, up to date from the leaf of host `h` on."""
    i = (ends.size >> 1) + h
    earliest, first = ends[i], h
    while i > 1:
        beside = i ^ 1
        other, its_first = ends[beside], firsts[beside]
        # At one time the left one's host, the lower row, is first; `|` and `&` need no branch.
        if (other < earliest) | ((other == earliest) & (beside < i)):
            first = its_first
        earliest = min(other, earliest)
        i >>= 1
        ends[i] = earliest
        firsts[i] = first
