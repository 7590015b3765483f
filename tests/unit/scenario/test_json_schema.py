"""The JSON Schema accepts what the loader accepts, so that editors are no stricter and complete the right keys."""

import itertools
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from mmesim import units
from mmesim.scenario.endpoint.eviction import Ttl
from mmesim.scenario.file.dump import dump
from mmesim.scenario.file.json_schema import json_schema
from mmesim.scenario.file.yaml import read_file, read_text
from mmesim.scenario.traffic.arrivals import Poisson
from mmesim.scenario.values.meanings import meanings
from tests.helpers.files import ROOT, SCENARIOS

FILES = [*SCENARIOS, ROOT / "mmesim" / "cli" / "starter.yaml"]


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def as_json(tree):
    """A tree as an editor sees it: keys are text."""
    if isinstance(tree, dict):
        return {str(key): as_json(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [as_json(value) for value in tree]
    return tree


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_shipped_files_are_accepted(validator, path):
    assert [error.message for error in validator.iter_errors(as_json(read_file(path).plain()))] == []


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["server.overhead={pre: 1 ms, hold: {cpu: 1 ms, wait: {exponential: {mean: 1 ms}}}}"],
        ["models.tenant.service.cpu={percentiles: {50: 1 ms, 99.9: 2 ms}}", "endpoint.pid_limit=null"],
        [
            "traffic.0.popularity={zipf: 0.9}",
            "expect=[p99 < 1 s, loads < 9 /h, cost.hour < 9 USD, ledger.p99.load < 3 %]",
        ],
        ["expect=[p99 warm<1 s, error_rate of tenant < 1 %, p99.9 cold of tenant in 20 s..40 s < 9 s]"],
        ["expect=[mean in every 5 min < 1 s, cache_hit_ratio of tenant in 0..30 s > 9 %]"],
        ["server={batch_size: 4, max_batch_delay: 20 ms, preload_model: true, preload_dirty: 1 MiB, event_loops: 0}"],
        ["models.tenant={batch_size: 2, first_call: {cpu: 2 s}}", "endpoint.model_cache=disabled"],
        ["models.tenant.service.batch={affine: {base: 20 ms, per_item: 4 ms}}"],
        ["server.config=a.properties"],
        ["run.warmup=auto", "endpoint.warm=stationary"],
        ["endpoint.network=unlimited"],
        ["run={warmup: 7 s, warmup_found: {warmup: 7 s, why: so, run_at_least: 2 h}}"],
    ],
)
def test_a_resolved_file_is_accepted(validator, scenario, base, write, monkeypatch, overrides):
    monkeypatch.chdir(write("job_queue_size=5", "a.properties").parent)
    data = read_text(dump(scenario(base, *overrides)), "resolved", Path()).plain()
    assert [error.message for error in validator.iter_errors(as_json(data))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("memory: 40 MiB", "memory: 40"),
        ("memory: 40 MiB", "memroy: 40 MiB"),
        ("count: 3", "count: three"),
        ("count: 3", "framework: xgbost"),
        ("poisson", "poison"),
        ("ml.m5.xlarge", "ml.m5.xlarge\n  router: {policy: stiky}"),
        ("ml.m5.xlarge", "ml.m5.xlarge\n  instance_count: 0"),
        ("{cpu: 10 ms}", "{cpu: {lognormal: {mean: 1 ms}}}"),
        ("run: {duration: 60 s}", "run: {}\nserver: {overhead: x}"),
        ("run: {duration: 60 s}", "run: {duration: 60 s}\nserver: {batch_size: 1025}"),
        ("run: {duration: 60 s}", "run: {duration: 60 s}\nserver: {config: 3}"),
        ("run: {duration: 60 s}", "run: {duration: 60 s}\nserver: {config: {path: a}}"),
        ("{cpu: 10 ms}", "{cpu: 10 ms, batch: most}"),
        ("{cpu: 10 ms}", "{cpu: 10 ms, batch: {affine: {base: 1 ms}}}"),
        ("ml.m5.xlarge", "ml.m5.xlarge\n  model_cache: off"),
        ("duration: 60 s", "duration: 60 s, warmup: soon"),
        ("ml.m5.xlarge", "ml.m5.xlarge\n  warm: stationry"),
        ("name: base\n", ""),
        ("duration: 60 s", "duration: 60 minutes"),
        ("cpu: 10 ms", "cpu: 10 msec"),
        ("memory: 40 MiB", "memory: 45Mi"),
        ("memory: 40 MiB", "memory: 0.4 Gi"),
        ("memory: 40 MiB", "memory: 40 MiB/s"),
        ("ml.m5.xlarge", "ml.m5.xlrage"),
        ("ml.m5.xlarge", "ml.m5.xlarge\n  region: Ireland"),
        ("ml.m5.xlarge", "ml.m5.xlarge\n  network: 10 Gbps"),
        ("ml.m5.xlarge", "ml.m5.xlarge\n  price_per_hour: 1 EUR"),
        ("ml.m5.xlarge", "ml.m5.xlarge\n  memory_threshold: most %"),
        ("run: {duration: 60 s}", "run: {duration: 60 s}\nexpect: [p99 < 500]"),
        ("run: {duration: 60 s}", "run: {duration: 60 s}\nexpect: [p99 < 500 msec]"),
        ("run: {duration: 60 s}", "run: {duration: 60 s}\nexpect: [latency < 500 ms]"),
        ("run: {duration: 60 s}", "run: {duration: 60 s}\nexpect: [p999 < 500 ms]"),
        ("run: {duration: 60 s}", "run: {duration: 60 s}\nexpect: [p99 = 500 ms]"),
        ("run: {duration: 60 s}", "run: {duration: 60 s}\nexpect: [p99 warn < 500 ms]"),
        ("run: {duration: 60 s}", "run: {duration: 60 s}\nexpect: [throughput warm > 5 /s]"),
        ("run: {duration: 60 s}", "run: {duration: 60 s}\nexpect: [error_rate < 1 s]"),
    ],
)
def test_what_is_wrong_is_marked_in_the_editor(validator, base, old, new):
    good, bad = (read_text(text, "a", Path()).plain() for text in (base, base.replace(old, new, 1)))
    assert validator.is_valid(as_json(good))
    assert not validator.is_valid(as_json(bad))


@pytest.mark.parametrize("rate", ["4800 rpm", "80 rps", "80", "80 req/s", "80 /sec", "-1 /s", "80 / s", "/s", "1e /s"])
def test_a_rate_with_another_unit_is_marked(validator, base, rate):
    def valid(text):
        return validator.is_valid(as_json(read_text(text, "a", Path()).plain()))

    (before,) = re.findall(r"rate: ([^}]+)", base)
    assert valid(base.replace(before, "80 /s"))
    assert not valid(base.replace(before, rate))


READ = {
    "time": units.seconds,
    "size": units.bytes_,
    "rate": units.rate,
    "bandwidth": units.bandwidth,
    "amount of US dollars": units.usd,
    "share": units.fraction,
}
NUMBERS = ["1", "1.5", ".5", "5.", "1e3", "1e-3", "+2", "0", "0.0", "0e0", "-1", "1,5", "inf", "1 0", "", "one"]


@pytest.mark.parametrize("what", units.PATTERNS)
def test_patterns_accept_what_is_read(what):
    spellings = [*units.TIMES, "MB", "MiB", "GiB", "kB", "B", "/s", "/min", "/h", "MB/s", "Gbit/s", "USD", "%", ""]
    wrong = ["msec", "minutes", "Mi", "Gi", "rpm", "rps", "EUR", "mb", "S", "ms ms", "s/"]
    different = []
    for number, unit, gap in itertools.product(NUMBERS, [*spellings, *wrong], ["", " ", "  "]):
        text = f" {number}{gap}{unit} "
        try:
            READ[what](text)
            read = True
        except ValueError:
            read = False
        if read != bool(re.search(units.PATTERNS[what], text)) and not (read and number == "0e0"):
            different.append(text)
    # Whether a share is at most 100 % is for the reader.
    assert [text for text in different if what != "share" or not re.search("[1-9]", text)] == []


def test_forms_are_shown_by_their_names_and_texts_are_not_cut_into_lines():
    schema = json_schema()
    arrivals = schema["$defs"]["Traffic"]["properties"]["arrivals"]
    titles = {form.get("title") for form in [*arrivals["anyOf"], *arrivals["anyOf"][0].get("anyOf", [])]}
    assert {"poisson", "constant", "closed_loop"} <= titles
    assert not re.search(r"[^\n]\n[^\n]", schema["$defs"]["BotoStandard"]["description"])
    assert "(U)" not in json.dumps(schema)


def test_belief_and_bases_are_part_of_the_schema(validator, base):
    text = base.replace("cpu: 10 ms", "cpu: {uncertain: {low: 1 ms, mid: 2 ms, high: 3 ms}}")
    assert validator.is_valid(as_json(read_text(text, "a", Path()).plain()))
    assert validator.is_valid({"extends": "base.yaml", "endpoint": {"instance_count": 3}})
    assert validator.is_valid({**read_text(base, "a", Path()).plain(), "models": {"file": "models.csv"}})


def properties(part, place=""):
    """Every property of a schema, at any depth, with its place."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "properties":
                yield from ((f"{place}.{name}", body) for name, body in value.items())
            yield from properties(value, place if key in ("properties", "anyOf", "$defs") else f"{place}.{key}")
    elif isinstance(part, list):
        for item in part:
            yield from properties(item, place)


def test_every_property_has_a_description_on_one_line():
    found = list(properties(json_schema()))
    assert len(found) > 500
    bare = {place for place, body in found if not body.get("description") or "\n" in body["description"]}
    assert bare == set()


def test_every_default_is_what_a_file_may_write():
    schema = json_schema()
    found = {place: body for place, body in properties(schema) if "default" in body}
    assert len(found) > 80
    for place, body in found.items():
        alone = {**{key: value for key, value in body.items() if key != "default"}, "$defs": schema["$defs"]}
        assert Draft202012Validator(alone).is_valid(body["default"]), place
    assert found[".Clients.timeout"]["default"] == "70 s"
    assert found[".Clients.retries"]["default"] == "none"
    assert found[".Server.overhead"]["default"] == "sagemaker"
    assert found[".Endpoint.disk_size"]["default"] == "30 GB"


def test_editors_and_the_reference_say_the_same():
    found = dict(properties(json_schema()))
    assert found[".Poisson.rate"]["description"] == meanings(Poisson)["rate_per_s"]
    assert found[".Endpoint.vcpu"]["description"] == "vCPUs of a host; default: the catalogue's."
    assert found[".Endpoint.eviction.ttl"]["description"] == meanings(Ttl)["ttl_s"]
