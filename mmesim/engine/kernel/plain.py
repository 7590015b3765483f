"""The tables without columns: each holds one kind of number, along one axis or two."""

import numpy as np

from mmesim.engine.kernel.columns import AT, COUNT, DEADLINE, FLAG, KEY, NUMBER, ROW, Plain, S, Unit

SMALL_COUNT = Unit("a number of things, below 2**31", np.int32)
SMALL_FLAG = Unit("1 or 0", np.int8)

PLAIN: dict[str, Plain] = {
    "ends": Plain(DEADLINE, 1, "next end of a CPU task of each host: a tree of minima (heap.update_ends)"),
    "firsts": Plain(ROW, 1, "the host that each place of `ends` has its time from, the lowest row of several"),
    "rates": Plain(NUMBER, 2, "CPU seconds a second of each runnable thread, by host and number of them (cpu.RATES)"),
    "up": Plain(ROW, 1, "hosts that the router may send to, those of the first side before those of the second"),
    "stations": Plain(ROW, 1, "row of pools with the shared queue of a host, if there is one"),
    "edges": Plain(S, 1, "of the fine buckets of latencies"),
    "start": Plain(ROW, 1, "first fine bucket of each cell of the plain grid"),
    "coarse_edges": Plain(S, 1, "of the coarse buckets of latencies"),
    "coarse_start": Plain(ROW, 1, "first coarse bucket of each cell of the plain grid"),
    "histogram": Plain(COUNT, 1, "measured calls that were answered well, by fine bucket of their latency"),
    "shortest": Plain(S, 1, "the shortest of them, by bucket"),
    "longest": Plain(S, 1, "the longest of them, by bucket"),
    "cold_histogram": Plain(COUNT, 1, "those of them that were cold, by bucket"),
    "parts": Plain(S, 2, "their ledger: sum of each part, by bucket"),
    "retried_cold": Plain(S, 1, "retries of cold ones, by bucket"),
    "episodes": Plain(COUNT, 1, "loads by bucket of their first answer"),
    "model_over": Plain(COUNT, 2, "slow measured calls, by model and limit"),
    "model_hist": Plain(SMALL_COUNT, 2, "measured calls that were answered well, by model and coarse bucket"),
    "limits": Plain(DEADLINE, 1, "latency limits"),
    "members": Plain(SMALL_FLAG, 2, "whether a selection takes a model's calls, by model"),
    "cell_causes": Plain(COUNT, 2, "failed calls of each cell of the selections, by cause"),
    "causes": Plain(COUNT, 2, "failed measured calls, all calls, measured attempts, cold ones of them; by cause"),
    "failed_parts": Plain(S, 2, "ledger of failed measured attempts: sum of each part, by cause"),
    "window_causes": Plain(COUNT, 1, "attempts that have failed, by cause"),
    "window_hist": Plain(COUNT, 1, "attempts that were answered well, by coarse bucket"),
    "window_times": Plain(COUNT, 2, "two kinds of times in the window (codes.MODEL_LATENCY ...), by bucket of 5 %"),
    "most_in_system": Plain(SMALL_COUNT, 1, "most attempts in the system at once, in every ten seconds of the run"),
    "least_in_system": Plain(SMALL_COUNT, 1, "fewest of them"),
    "budgets": Plain(COUNT, 1, "calls that users of closed loops may still begin"),
    "arrival_device": Plain(S, 1, "time on a device of each arrival, where models use devices"),
    "draft_device": Plain(S, 1, "the same of each draft"),
    "record_parts": Plain(S, 2, "the ledger of each record, by part"),
    "record_times": Plain(
        AT, 2, "when the call of each record came to each stage (codes.T_...); no rows unless asked for"
    ),
    "scratch": Plain(ROW, 1, "rows that a verb hands back"),
    "ledger": Plain(S, 1, "of the call that is being counted, by part"),
    "scores": Plain(KEY, 1, "weight of each host for one model"),
    "tokens": Plain(COUNT, 1, "of the retry quota of each process of the clients"),
    "retry_on": Plain(FLAG, 1, "whether clients try again, by cause"),
}
