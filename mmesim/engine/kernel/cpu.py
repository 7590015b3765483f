"""Processor sharing: all runnable threads of a host share its capacity equally.

A host keeps a virtual time that advances by the CPU seconds which each thread gets; a task that needs `work` CPU
seconds on each of its threads ends when the virtual time has advanced by `work`. So a change of the number of threads
costs one update, not one per task. Capacity: one per busy core up to the cores, then the gain of SMT up to the vCPUs,
then constant, or falling with over-subscription (spinning threads).
"""

from mmesim.engine.kernel.codes import INF, RATES
from mmesim.engine.kernel.columns import LINE
from mmesim.engine.kernel.heap import push_task, update_ends
from mmesim.engine.kernel.jit import inline, inner
from mmesim.engine.kernel.prefetch import prefetch

MILLION = 1_000_000  # over-subscription factors are kept as whole millionths: sums of them stay exact


@inline
def spinning(hosts, h, n):
    """By how much threads that spin while they wait for each other slow host `h` with `n` > vCPUs threads down."""
    return 1.0 + hosts.spin[h] / MILLION / n * (n / hosts.vcpu[h] - 1.0)


@inline
def rate_of(hosts, h, n, spin):
    """CPU seconds per second that each of `n` runnable threads of host `h` gets; `spin`: as of the host."""
    cores = hosts.cores[h]
    speed = hosts.speed[h]
    if n <= cores:
        return speed
    vcpu = hosts.vcpu[h]
    if n <= vcpu:
        return speed * (cores + (n - cores) * hosts.smt_slope[h]) / n
    capacity = cores + (vcpu - cores) * hosts.smt_slope[h]
    if spin > 0:
        capacity = capacity / spinning(hosts, h, n)
    return speed * capacity / n


@inner
def set_rates(t, h):
    """Write down the rates of host `h` for few threads, of which none spins: after a change of its speed or CPU.

    A look-up needs neither a branch that nobody can predict nor a division.
    """
    for n in range(RATES):
        t.rates[h, n] = rate_of(t.hosts, h, n, 0)


@inline
def rate_now(t, h):
    """CPU seconds per second that each runnable thread of host `h` gets now."""
    hosts = t.hosts
    n, spin = hosts.threads[h], hosts.spin[h]
    if n < RATES and spin == 0:
        return t.rates[h, n]
    return rate_of(hosts, h, n, spin)


@inline
def sync(t, h, now):
    """Bring the virtual time and the busy integral of host `h` to `now`."""
    hosts = t.hosts
    elapsed = now - hosts.at[h]
    if elapsed > 0.0:
        n = hosts.threads[h]
        if n > 0:
            hosts.virtual[h] += elapsed * hosts.rate[h]
            hosts.busy[h] += elapsed * min(float(n), hosts.vcpu[h])
            if hosts.spin[h] > 0 and n > hosts.vcpu[h]:
                hosts.lost[h] += elapsed * hosts.vcpu[h] * (1.0 - 1.0 / spinning(hosts, h, n))
        hosts.at[h] = now


@inline
def look_ahead_task(t, h):
    """Let the worker's row be fetched into the caches that the end of the next task of host `h` will need.

    Where that task is no job the hint is for nothing: a branch that nobody can predict would cost more.
    """
    row = t.tasks.code[h, 0] >> 2
    prefetch(t.workers, row, 0)
    prefetch(t.workers, row, LINE)


@inline
def refresh(t, h):
    """Set when the next task of host `h` ends; after every change of its tasks, once an event."""
    hosts, ends = t.hosts, t.ends
    end = INF
    if hosts.heap_n[h] > 0:
        look_ahead_task(t, h)
        hosts.rate[h] = rate_now(t, h)
        end = hosts.at[h]
        left = t.tasks.finish[h, 0] - hosts.virtual[h]
        if left > 0.0:
            # A host that stands still ends nothing.
            end = end + left / hosts.rate[h] if hosts.rate[h] > 0.0 else INF
    else:
        hosts.rate[h] = hosts.speed[h]
    leaf = (ends.size >> 1) + h
    if ends[leaf] != end:
        ends[leaf] = end
        update_ends(ends, t.firsts, h)


@inline
def start_task(t, h, now, code, work, threads, spin):
    """Start a task of `work` CPU seconds on each of `threads` threads; `refresh` must follow within the event."""
    hosts = t.hosts
    sync(t, h, now)
    push_task(t.clock[0], t.space[0], hosts, t.tasks, h, hosts.virtual[h] + work, code)
    hosts.threads[h] += threads
    hosts.spin[h] += spin * threads
