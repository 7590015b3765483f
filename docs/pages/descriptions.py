"""What the keys of a scenario mean, for those that the schema itself does not describe.

A test fails when a key has neither, or both, or when a name here is no key.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "name": "name of the scenario; also the name of its result folder",
        "endpoint": "see [endpoint](#endpoint)",
        "server": "see [server](#server)",
        "models": "see [models](#models): a list of groups, or one group",
        "traffic": "see [traffic](#traffic): a list of streams, or one stream",
        "clients": "see [clients](#clients)",
        "run": "see [run](#run)",
        "expect": "see [expect](#expect)",
        "endpoint.eviction.ttl": "idle time after which a model ranks first",
        "models.max_batch_delay": "default: the server's",
        "models.service.batch.affine": "a base time and a time for each item",
        "models.service.batch.affine.base": "time of every batch",
        "models.service.batch.affine.per_item": "time of each item on top",
        "processes.function": "`module:function` that takes `env` and `endpoint`",
        "processes.folder": "where the module is looked up first",
        "faults": "must be empty in this version",
        "endpoint.instance_type": "a type of the catalogue, such as `ml.m5.xlarge`; without it `vcpu` and `memory` are "
        "needed",
        "endpoint.region": "region of the price",
        "endpoint.instance_count": "number of hosts",
        "endpoint.slot_covers": "whether a load slot is taken before the download or after it (U)",
        "endpoint.memory_threshold": "share of the host's memory that container and models may fill (U)",
        "endpoint.memory_reserve": "memory that stays free (U); the stricter of this and `memory_threshold` holds",
        "endpoint.usable_memory": "memory that container and models may fill, instead of the two rules above",
        "endpoint.base_memory": "memory of the container without any model (U)",
        "endpoint.eviction": "which idle model is unloaded first (U)",
        "endpoint.pid_limit": "processes and threads on one host; `null`: no limit",
        "endpoint.disk_size": "room for artefacts on each host (U)",
        "endpoint.download": "see [endpoint.download](#endpointdownload)",
        "endpoint.invocation_timeout": "time within which the container must answer",
        "endpoint.load_timeout": "time after which a call that waits for a load is told that the model is not ready",
        "endpoint.load_limit": "time after which a load is broken off",
        "endpoint.throttling": "see [endpoint.throttling](#endpointthrottling)",
        "endpoint.router": "see [endpoint.router](#endpointrouter)",
        "endpoint.router.policy": "how the host of a call is chosen (U)",
        "endpoint.vcpu": "vCPUs of a host",
        "endpoint.memory": "memory of a host",
        "endpoint.network": "network of a host, for downloads",
        "endpoint.threads_per_core": "2: a vCPU is one of two threads of a core; 1: it is a core",
        "endpoint.smt_yield": "work that both threads of a core do together, in cores",
        "endpoint.cpu_speed": "factor on the speed of all CPU work; 1 is the CPU on which the times were measured",
        "endpoint.price_per_hour": "price of one instance",
        "server.kind": "the model server",
        "server.default_workers_per_model": "worker processes of each copy of a model",
        "server.batch_size": "most requests in one batch of a worker",
        "server.overhead": "the server's own work: `sagemaker`, `measured-vm`, `none`, or see "
        "[server.overhead](#serveroverhead)",
        "server.overhead.pre": "before the queue; a bare time is CPU time",
        "server.overhead.hold": "on the worker, after the service",
        "server.overhead.post": "after the worker is free",
        "models.name": "name of the model or of the group",
        "models.azure_functions": "see [models.azure_functions](#modelsazure_functions)",
        "models.artifact_size": "size of the artefact in S3 and on disk; needed, here or in the table",
        "models.memory": "memory of the model alone, in each worker; needed, here or in a table",
        "models.framework": "[preset](presets.md) for what is left out",
        "models.process_memory": "memory of one worker without its model",
        "models.workers": "worker processes of each copy; default `server.default_workers_per_model`",
        "models.framework_threads": "threads of a worker at rest, counted against `pid_limit`",
        "models.oversubscription": "price of more threads than vCPUs, for models with `service.threads` above 1",
        "models.load": "work of one worker while it loads: `{cpu: , wait: }`",
        "models.service": "see [models.service](#modelsservice); needed, here or in a table",
        "models.preload_model": "preloading is not simulated in this version",
        "models.batch_size": "most requests in one batch of a worker",
        "models.service.cpu": "CPU time of one call in all",
        "models.service.wait": "time that only passes, before the CPU work",
        "models.service.threads": "threads over which the CPU time is split",
        "models.service.serial": "share of the CPU time that runs on one thread all the same (Amdahl)",
        "models.azure_functions.invocations": "file of minute counts: its functions are the models",
        "models.azure_functions.memory": "file of memory percentiles",
        "models.azure_functions.durations": "file of duration percentiles",
        "models.azure_functions.duration_scale": "factor on all durations",
        "traffic.models": "groups or single models that are called; default all",
        "traffic.start": "time at which the stream begins; the times of a trace count from here",
        "traffic.end": "time at which it ends; default the end of the run",
        "traffic.arrivals": "when calls begin: one process, such as `{poisson: {rate: 120 /s}}`",
        "traffic.arrivals.poisson.rate": "calls a second in the mean",
        "traffic.popularity": "how calls spread over the models: `uniform`, `weights`, `{zipf: 0.9}` (in the order of "
        "the file), `{lognormal: {cv: 2}}` or `{tenants: {size: 4, between: {zipf: 0.9}, within: uniform}}`, see "
        "[describe your traffic](../how-to/describe-your-traffic.md#popularity)",
        "traffic.trace": "recorded calls, see [traffic.trace](#traffictrace)",
        "traffic.trace.columns": "of a table, see [traffic.trace.columns](#traffictracecolumns)",
        "traffic.trace.window": "see [traffic.trace.window](#traffictracewindow)",
        "traffic.trace.columns.time": "column of the time, never falling",
        "traffic.trace.columns.model": "column of the model's name",
        "traffic.trace.columns.service": "column of the service time in seconds; the default one may be absent",
        "clients.timeout": "time after which a client gives up",
        "run.duration": "simulated time; arrivals stop at its end",
        "run.warmup": "time at the start that is simulated but not measured; `auto`: found by pilot runs",
        "run.replications": "independent runs; two or more give intervals",
        "run.until": "precision to reach, such as `p99 within 5 %`: a percentile, or a figure of the summary",
        "run.seed": "seed of all random numbers",
        "sweep.grid": "fields, as in `--set`, each with a list of values: all combinations",
        "sweep.points": "each point is a map from field to value, all of the same fields",
        "sweep.sample": "see [sweep.sample](#sweepsample)",
        "sweep.sample.ranges": "fields, each with `{low: , high: , scale: }`",
        "sweep.sample.ranges.low": "the least value, with the unit of the field",
        "sweep.sample.ranges.high": "the greatest value, in the same unit",
    }
)

ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "endpoint": "`instance_count` hosts of one type. The figures of the host come from the catalogue by "
        "`instance_type`; each can be given instead (`vcpu`, `memory`, `network`, `threads_per_core`, `smt_yield`, "
        "`cpu_speed`, `price_per_hour`).",
        "traffic": "One stream of calls. Each has exactly one source: `arrivals`, `trace` or `fingerprint`.",
        "traffic.trace": "Recorded traffic. The service time of a row replaces the drawn one: the CPU part if the "
        "model has one, else the waiting part. Read, mapped to models, cut to the window, thinned or multiplied, then "
        "warped, in this order.",
        "run": "How long, how often and from which seed.",
    }
)
"""What a section says instead of the docstring of its class, where that speaks of attributes."""
