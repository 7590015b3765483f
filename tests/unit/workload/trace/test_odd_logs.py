"""Lines that other servers and other clocks write: the calls are the same, or the file is refused with what to do."""

from __future__ import annotations

import contextlib
import gzip
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mmesim.errors import TraceError, TraceWarning
from mmesim.scenario.traffic.trace.presets import PRESETS
from mmesim.scenario.traffic.trace.trace import TraceSource
from mmesim.workload.trace.names import Numbered
from mmesim.workload.trace.replay.replay import Draws, replayed

BEGIN = datetime(2026, 1, 31, 23, 59, 30, 250_000, tzinfo=UTC)
OWN = r'^(?P<time>[^"]+) "POST /models/(?P<model>[^/]+)/\S+ \S+ \d+ (?P<duration>.*)$'


def read(file: Path, **keys: Any) -> list[tuple[float, str]]:
    """Time and model of each call."""
    names = Numbered()
    source = TraceSource.model_validate({"file": str(file), **keys})
    return [
        (round(time, 6), names.names[model])
        for part in replayed(source, names, Draws(1, 0, "trace"), 100)
        for time, model in zip(part.time.tolist(), part.model.tolist(), strict=True)
    ]


def log(folder: Path, *rows: str) -> Path:
    file = folder / "calls.log"
    file.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return file


def own(folder: Path, *calls: tuple[str, str]) -> Path:
    """A log of an own layout; a call is the time of its end and how long it took."""
    return log(folder, *(f'{end} "POST /models/a/invoke HTTP/1.1" 200 {took}' for end, took in calls))


def ends(folder: Path, *calls: tuple[str, str]) -> list[float]:
    """The times of the calls of such a log."""
    return [time for time, _ in read(own(folder, *calls), format="access-log", pattern=OWN, stamped="end")]


# -- nginx


@pytest.mark.parametrize(
    "behind",
    [
        "urt=0.001 rt=4.000",
        'uct="0.000" uht="0.101" urt="0.250" request_time=4.000',
        '"10.0.0.1, 10.2.3.456" upstream_response_time="0.100, 0.250", request_time="4.000"',
        "ut:0.125;rt:4.000;",
    ],
)
def test_the_request_time_goes_before_that_of_the_upstream_wherever_it_stands(tmp_path: Path, behind: str) -> None:
    row = '::1 - - [31/Jan/2026:23:59:{} +0530] "POST /models/{}/invoke HTTP/1.1" 200 5 "-" "x" '
    file = log(tmp_path, row.format(30, "a") + "rt=1.000", row.format(34, "b") + behind)
    assert read(file, format="nginx-combined", resolution="none") == [(0.0, "a"), (1.0, "b")]


# -- lines that are very long


def nginx(second: int, request: str) -> str:
    return f'1.2.3.4 - - [31/Jan/2026:23:59:{second} +0000] "POST /models/{request} HTTP/1.1" 200 5 "-" "-" 0.000'


@pytest.mark.parametrize(
    ("layout", "row"),
    [
        ("nginx-combined", nginx),
        ("apache-combined", nginx),
        ("mms", lambda second, request: f'2026-01-31 23:59:{second},000 I "POST /models/{request}/invoke H" 200 0'),
        ("alb", lambda second, request: f'"POST /models/{request} H" - 2026-01-31T23:59:{second}.0Z "x"'),
    ],
)
def test_a_line_that_is_very_long_is_skipped_unsearched(
    tmp_path: Path, layout: str, row: Callable[[int, str], str]
) -> None:
    long = row(31, "a" * 900_000).rpartition('"POST')[0] + '"POST /models/' + "a" * 900_000
    file = log(tmp_path, row(30, "a"), long, row(32, "b"))
    with pytest.warns(TraceWarning, match=r"1 of 3 lines .* line 2: it is longer than 65,536 characters, so it is not"):
        assert read(file, format=layout, resolution="none", max_skipped=0.5) == [(0.0, "a"), (2.0, "b")]
    with pytest.raises(TraceError, match=r"line 2: it is longer .*; take such lines out of the file$"):
        read(file, format=layout)


def test_ones_own_pattern_and_only_search_no_such_line_either(tmp_path: Path) -> None:
    """One that `only` leaves out is not known to be left out."""
    file = log(tmp_path, "1 a", "1 " + "a" * 65_000, "2 " + "a" * 65_535, "3 b", "4 -")
    own = {"pattern": r"^(?P<time>\d) (?P<model>\w+)$", "only": r"\w$", "time_unit": "s"}
    with pytest.warns(TraceWarning, match="1 of 4 lines .* line 3: it is longer than 65,536 characters"):
        found = read(file, format="access-log", max_skipped=0.5, **own)
    assert [(second, len(name)) for second, name in found] == [(0.0, 1), (0.0, 65_000), (2.0, 1)]


def test_a_cell_that_is_very_long_names_no_model(tmp_path: Path) -> None:
    file = log(tmp_path, "time,model", "1,a", "2," + "a" * 65_537, "3,b")
    with pytest.warns(TraceWarning, match=r"left out: 1.*'model', line 3: it is longer than 65,536 characters"):
        assert [name for _, name in read(file, pattern="(?P<model>.+)")] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a," * 450_000, r"calls\.log:1: column '' occurs twice|column 'a' occurs twice"),
        ("x" * 900_000, r"calls\.log:1: is not a row of a table: field larger than field limit"),
        ("time,model\n" + "1" * 900_000 + ",a", r"calls\.log:2: is not a row of a table: field"),
    ],
)
def test_a_table_with_a_very_long_line_is_one_short_message_at_once(tmp_path: Path, text: str, said: str) -> None:
    begun = time.process_time()
    with pytest.raises(TraceError, match=said) as refused:
        read(log(tmp_path, text))
    assert len(str(refused.value)) < 1000
    assert time.process_time() - begun < 10.0


def test_a_field_of_a_log_that_is_very_long_is_cut_in_the_message(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"group 'time': '1111.*\.\.\.1111.* is not a time such as") as refused:
        ends(tmp_path, ("1" * 60_000, "0"))
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("layout", sorted(name for name, keys in PRESETS.items() if keys["format"] == "access-log"))
@pytest.mark.parametrize("piece", ["[", "x", "/models/a", "?model=a", '"POST ', "1", '" ', "2026-01-31 23:59:30 "])
def test_the_longest_line_that_is_searched_takes_seconds(tmp_path: Path, layout: str, piece: str) -> None:
    """Whatever it repeats; its time grew with the square of its length, to a minute and more."""
    start = '2026-01-31 23:59:30 [31/Jan/2026:23:59:30 +0000] "POST /models/a'
    file = log(tmp_path, start + piece * (65_000 // len(piece)))
    begun = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TraceWarning)
        with contextlib.suppress(TraceError):
            read(file, format=layout)
    assert time.process_time() - begun < 10.0


# -- durations with units


@pytest.mark.parametrize(
    ("took", "begins_s"),
    [("4.5s", 15.0), ("4500ms", 15.0), ("4500 ms", 15.0), ("250000µs", 19.25), ("250000μs", 19.25)],
)
def test_a_duration_may_have_its_unit(tmp_path: Path, took: str, begins_s: float) -> None:
    assert ends(tmp_path, ("2026-01-01T00:00:10", "0.5"), ("2026-01-01T00:00:29", took)) == [0.0, begins_s]


def test_a_column_may_mix_units_as_programs_in_go_do(tmp_path: Path) -> None:
    rows = ("1.5s", "250ms", "-", "900µs", "2")
    file = log(tmp_path, "time,model,took", *(f"{10 + row},a,{took}" for row, took in enumerate(rows)))
    with pytest.warns(TraceWarning, match="1 of 5 calls have no duration"):
        found = read(file, columns={"duration": "took"}, stamped="end", max_disorder="10 s")
    assert [time for time, _ in found] == [8.5, 10.75, 12.0, 12.0, 12.9991]


def test_a_unit_and_a_factor_are_refused(tmp_path: Path) -> None:
    file = own(tmp_path, ("2026-01-01T00:00:10", "12ms"))
    with pytest.raises(TraceError, match=r"'12ms' has a unit of its own: leave the factor 0\.001 out"):
        read(file, format="access-log", pattern=OWN, stamped="end", duration_scale=1e-3)


@pytest.mark.parametrize("took", ["1_000", "٣", "-0.5", "nan", "0x10", "1m30s", "4,5"])
def test_what_is_no_number_of_seconds_is_refused(tmp_path: Path, took: str) -> None:
    with pytest.raises(TraceError, match="is not a number of seconds"):
        ends(tmp_path, ("2026-01-01T00:00:10", took))


# -- forms of a time


@pytest.mark.parametrize(
    "form",
    [
        "%d/%b/%Y:%H:%M:%S.%f +00:00",
        "%d/%b/%Y:%H:%M:%S.%f Z",
        "%Y/%m/%d %H:%M:%S.%f",
        "%Y/%m/%d %H:%M:%S,%f GMT",
        "%Y-%m-%d %H:%M:%S.%f UTC",
        "%Y-%m-%d %H:%M:%S.%f +0000",
        "%Y%m%dT%H%M%S.%fZ",
    ],
)
@pytest.mark.parametrize("kind", ["table", "log"])
def test_forms_that_programs_write(tmp_path: Path, form: str, kind: str) -> None:
    times = [f"{BEGIN + timedelta(seconds=after):{form}}" for after in (0.0, 0.5, 42.125)]
    if kind == "log":
        assert ends(tmp_path, *((time, "0") for time in times)) == [0.0, 0.5, 42.125]
    else:
        file = log(tmp_path, "time;model", *(f"{time};a" for time in times))
        assert read(file, time_unit="timestamp") == [(0.0, "a"), (0.5, "a"), (42.125, "a")]


@pytest.mark.parametrize(
    ("zone", "other", "apart_s"), [("+0530", "+0000", 19800.0), (" +05:30", " UTC", 19800.0), ("+05", "Z", 18000.0)]
)
def test_zones_of_one_file_may_differ(tmp_path: Path, zone: str, other: str, apart_s: float) -> None:
    rows = (f"2026-01-31 23:59:59{zone}", f"2026-01-31 23:59:59{other}")
    assert ends(tmp_path, *((time, "0") for time in rows)) == [0.0, apart_s]


@pytest.mark.parametrize(
    "text", ["2016-12-31T23:59:60", "2026-01-01T24:00:00", "2026-13-01 00:00:00", "30/Feb/2026:00:00:00"]
)
def test_what_is_no_time_is_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(TraceError, match=rf"group 'time': '{text}' is not a time"):
        ends(tmp_path, (text, "0"))


# -- clocks


def test_a_clock_that_was_set_back_by_an_hour_is_told(tmp_path: Path) -> None:
    """The night of 25 October 2026 in local time: ten calls a minute apart, and ten more after the clock was set."""
    local = [datetime(2026, 10, 25, 2, 50) + timedelta(minutes=n, hours=-(n >= 10)) for n in range(20)]
    with pytest.warns(TraceWarning, match=r"after 10 calls times go back by 59 min: .* two hours are replayed as one"):
        ends(tmp_path, *((f"{time:%Y-%m-%d %H:%M:%S.000}", "0.5") for time in local))


def test_a_clock_with_its_zone_is_not(tmp_path: Path) -> None:
    times = [datetime(2026, 10, 25, 0, 50, tzinfo=UTC) + timedelta(minutes=n) for n in range(20)]
    zones = (timedelta(hours=2), timedelta(hours=1))
    rows = [f"{time + zones[n >= 10]:%Y-%m-%d %H:%M:%S}+0{2 - (n >= 10)}00" for n, time in enumerate(times)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", TraceWarning)
        assert ends(tmp_path, *((row, "0") for row in rows)) == [60.0 * n for n in range(20)]


@pytest.mark.parametrize(("years", "said"), [((1970, 2026), "56 years after"), ((2026, 1970), "56 years before")])
def test_a_log_over_more_than_three_years_is_refused(tmp_path: Path, years: tuple[int, int], said: str) -> None:
    with pytest.raises(TraceError, match=rf"calls\.log:2: group 'time': {said} the first call, more than three"):
        ends(tmp_path, *((f"{year}-01-01T00:00:00", "0") for year in years))


# -- what is no text, and what is


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(b"time,model\n1,a\n", mtime=0), "gzip packed it, so its name has to end in .gz"),
        (b"PK\x03\x04\x14\x00", "zip archive: unpack it"),
        (b"PAR1\x15\x04", "it is a Parquet file"),
        (b"\x28\xb5\x2f\xfd\x24", "zstd packed it"),
    ],
)
def test_a_file_that_is_no_text_says_what_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "calls.csv"
    file.write_bytes(content)
    with pytest.raises(TraceError, match=f"is not text: .*{said}"):
        read(file)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "calls.csv"
    file.write_bytes("time,model\r\n0.5,a\r\n1,b\r\n".encode(encoding))
    assert read(file) == [(0.5, "a"), (1.0, "b")]


def test_json_that_is_nested_too_deeply_is_a_line_that_cannot_be_read(tmp_path: Path) -> None:
    file = log(tmp_path, '{"a":' * 5000 + "1" + "}" * 5000)
    with pytest.raises(TraceError, match=r"1 of 1 lines .* it is not a JSON object"):
        read(file, format="json-lines")
    file.write_text("[" * 5000)
    with pytest.raises(TraceError, match="is not JSON: it is nested too deeply"):
        read(file, format="json-lines")


@pytest.mark.parametrize(
    ("before", "hole_s", "apart_s", "told"),
    [
        (60, 3600.5, 10, True),
        (130, 3600.5, 10, True),
        (60, 3600.5, 70, False),  # calls are rare: an hour without one says nothing
        (60, 7200.0, 10, False),
        (20, 3600.5, 10, False),  # too few to be sure
    ],
)
def test_an_hour_without_a_call_in_dense_traffic_is_told(
    tmp_path: Path, before: int, hole_s: float, apart_s: int, told: bool
) -> None:
    seconds = [call * apart_s + (hole_s if call >= before else 0.0) for call in range(before + 60)]
    stamps = (f"{datetime(2026, 3, 29) + timedelta(seconds=second):%Y-%m-%d %H:%M:%S.%f},a" for second in seconds)
    file = log(tmp_path, "time,model", *stamps)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        times = [time for time, _ in read(file, time_unit="timestamp")]
    assert times == pytest.approx(seconds)
    said = [str(one.message) for one in seen]
    assert any(f"after {before} calls none comes for 60.2 min" in one for one in said) == told
    assert len(said) == told


# -- counts


@pytest.mark.parametrize(
    ("unit", "apart_s"),
    [("500ms", 0.5), ("90s", 90.0), ("5min", 300.0), ("2h", 7200.0), ("1d", 86400.0), ("1w", 604800.0)],
)
def test_the_period_of_a_bin_is_that_of_its_unit(tmp_path: Path, unit: str, apart_s: float) -> None:
    second = f"{datetime(2026, 1, 1) + timedelta(seconds=apart_s):%Y-%m-%d %H:%M:%S.%f}"[:-3]
    file = log(tmp_path, f"bin({unit}),model,count(*)", f"{second},a,2000", "2026-01-01 00:00:00.000,a,1000")
    with pytest.warns(TraceWarning, match="counts of calls in"):
        times = [time for time, _ in read(file, format="cloudwatch")]
    assert len(times) == 3000
    assert times[999] < apart_s <= times[1000]
    assert 1.99 * apart_s < times[-1] < 2.0 * apart_s


@pytest.mark.parametrize("unit", ["1month", "1mo", "2q", "1y"])
def test_a_bin_of_no_fixed_length_is_refused(tmp_path: Path, unit: str) -> None:
    file = log(tmp_path, f"bin({unit}),model,count(*)", "2026-01-01 00:00:00.000,a,2")
    with pytest.raises(TraceError, match="has no fixed length: ask for bin"):
        read(file, format="cloudwatch")


@pytest.mark.parametrize(("first", "told"), [(3000, True), (51, True), (50, False)])
def test_a_history_of_locust_that_begins_after_its_test_says_so(tmp_path: Path, first: int, told: bool) -> None:
    rows = (f"{1767225600 + second},1,POST,a,5,{first + 5 * second}" for second in range(4))
    file = log(tmp_path, "Timestamp,User Count,Type,Name,Requests/s,Total Request Count", *rows)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert len(read(file, format="locust-history")) == first + 15
        assert len(read(file, format="locust-history", window={"start": "1 s"})) == 15
    said = [str(one.message) for one in seen if "had begun before" in str(one.message)]
    assert len(said) == 2 * told
    assert all(f"{first:,} calls so far, and no later second has more than 5:" in one for one in said)


@pytest.mark.parametrize("took", ["1,250", "1.250", "250x"])
def test_milliseconds_of_mms_that_are_not_whole_are_no_duration(tmp_path: Path, took: str) -> None:
    line = '2026-01-01 00:00:02,500 [INFO ] W ACCESS_LOG - /1.2.3.4:5 "POST /models/a/invoke HTTP/1.1" 200'
    with pytest.raises(TraceError, match=r"1 of 1 lines \(100 %\) cannot be read"):
        read(log(tmp_path, f"{line} {took}"), format="mms")


def test_a_name_of_locust_has_a_total_for_each_method(tmp_path: Path) -> None:
    file = log(
        tmp_path,
        "Timestamp,User Count,Type,Name,Requests/s,Total Request Count",
        *("1767225600,1,POST,a,0,4", "1767225600,1,GET,a,0,10"),
        *("1767225601,1,POST,a,0,6", "1767225601,1,GET,a,0,20"),
    )
    with pytest.warns(TraceWarning, match="counts of calls in 1 s"):
        assert len(read(file, format="locust-history")) == 26


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0 s", "'0 s' is too small: it must be above 0"),
        ("-1 s", "'-1 s' is negative"),
        ("fine", "'fine' is not a time"),
    ],
)
def test_a_resolution_that_is_none_is_one_mistake(tmp_path: Path, value: str, said: str) -> None:
    file = log(tmp_path, "time,model", "1,a")
    with pytest.raises(ValidationError) as refused:
        read(file, resolution=value)
    (error,) = refused.value.errors()
    assert said in error["msg"]
