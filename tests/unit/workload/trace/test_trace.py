"""Recorded requests: what is replayed, from which kinds of file, and what is said about a wrong one."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmesim.errors import TraceError, TraceWarning
from mmesim.scenario.traffic.trace.trace import TraceColumns, TraceSource
from mmesim.workload.block import Arrivals
from mmesim.workload.trace.names import Known
from mmesim.workload.trace.replay.replay import Draws, replayed

ROWS = {"cat": 0, "dog": 1, "7": 2}
TEXT = "time,model\n0.5,dog\n0.5,cat\n2,7\n1e1,dog\n"


def requests(
    file: Path, time: str, model: str, service: str | None, rows: dict[str, int], chunk: int
) -> Iterator[Arrivals]:
    source = TraceSource(file=file, columns=TraceColumns(time=time, model=model, service=service))
    return replayed(source, Known(rows), Draws(1, 0, "trace"), chunk)


def _replay(file: Path, service: str | None = None, chunk: int = 100) -> tuple[list[float], list[int], list[float]]:
    parts = list(requests(file, "time", "model", service, ROWS, chunk))
    return (
        [t for part in parts for t in part.time.tolist()],
        [m for part in parts for m in part.model.tolist()],
        [s for part in parts if part.service is not None for s in part.service.tolist()],
    )


def _csv(folder: Path, text: str) -> Path:
    file = folder / "calls.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_csv_file_is_replayed_as_it_is(tmp_path: Path) -> None:
    assert _replay(_csv(tmp_path, TEXT)) == ([0.5, 0.5, 2, 10], [1, 0, 2, 1], [])


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.rstrip("\n"),
        TEXT + "\n\n",
        "\n\n" + TEXT,
        TEXT.replace("time,model\n", "time, model\n\n").replace(",dog", ", dog "),
        TEXT.replace("cat", '"cat"'),
    ],
    ids=["byte order mark", "windows lines", "no last newline", "empty lines", "empty first lines", "blanks", "quotes"],
)
def test_ways_to_write_the_same_csv(tmp_path: Path, text: str) -> None:
    assert _replay(_csv(tmp_path, text)) == ([0.5, 0.5, 2, 10], [1, 0, 2, 1], [])


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_chunks_hold_at_most_what_was_asked(tmp_path: Path, chunk: int) -> None:
    file = _csv(tmp_path, TEXT)
    sizes = [len(part) for part in requests(file, "time", "model", None, ROWS, chunk)]
    assert max(sizes) <= chunk
    assert _replay(file, chunk=chunk) == _replay(file)


def test_compressed_files(tmp_path: Path) -> None:
    zipped = tmp_path / "calls.csv.gz"
    zipped.write_bytes(gzip.compress(TEXT.encode()))
    with pa.output_stream(str(tmp_path / "calls.csv.zst"), compression="zstd") as stream:
        stream.write(TEXT.encode())
    plain = _replay(_csv(tmp_path, TEXT))
    assert _replay(zipped) == plain
    assert _replay(tmp_path / "calls.csv.zst") == plain


def test_service_times_and_other_columns(tmp_path: Path) -> None:
    text = "id,when,who,service_s\nx,0,cat,0.25\ny,1,dog,0\n"
    (part,) = requests(_csv(tmp_path, text), "when", "who", "service_s", ROWS, 10)
    assert part.service is not None
    assert (part.time.tolist(), part.model.tolist(), part.service.tolist()) == ([0, 1], [0, 1], [0.25, 0])


@pytest.mark.parametrize(
    "columns",
    [
        {"time": pa.array([0.5, 2.0]), "model": pa.array(["dog", "7"]), "service": pa.array([0.1, 0.2])},
        {
            "time": pa.array([0.5, 2.0]),
            "model": pa.array(["dog", "7"]).dictionary_encode(),
            "service": pa.array([1, 2]),
        },
        {
            "time": pa.array(["0.5", "2"]),
            "model": pa.array(["dog", "7"]),
            "service": pa.array([0.1, 0.2], pa.float32()),
        },
    ],
    ids=["plain", "dictionary", "text and single precision"],
)
def test_parquet(tmp_path: Path, columns: dict[str, pa.Array]) -> None:
    file = tmp_path / "calls.parquet"
    pq.write_table(pa.table(columns), file)
    times, models, services = _replay(file, "service")
    assert (times, models) == ([0.5, 2.0], [1, 2])
    np.testing.assert_allclose(services, columns["service"].to_numpy(), rtol=1e-7)


def test_parquet_with_numbers_as_names(tmp_path: Path) -> None:
    file = tmp_path / "calls.parquet"
    pq.write_table(pa.table({"time": [0, 3], "model": [7, 7]}), file)
    assert _replay(file) == ([0, 3], [2, 2], [])


def test_a_file_without_rows_has_no_requests(tmp_path: Path) -> None:
    assert _replay(_csv(tmp_path, "time,model\n")) == ([], [], [])


WRONG = [
    ("unsorted", "time,model\n1,cat\n0.5,dog\n", r":3: column 'time': time 0.5 s comes after 1.0 s: .* sorted"),
    ("negative", "time,model\n-1,cat\n", r":2: column 'time': time -1.0 s is negative"),
    ("nan", "time,model\n1,cat\nnan,cat\n", r":3: column 'time': 'nan' is not a finite number"),
    ("infinite", "time,model\ninf,cat\n", r":2: column 'time': 'inf' is not a finite number"),
    ("not a number", "time,model\n1,cat\nsoon,cat\n", r":3: column 'time': 'soon' is not a number"),
    ("date", "time,model\n2026-01-01 00:00:00,cat\n", r":2: column 'time': '2026-01-01 00:00:00' is not a number"),
    ("no time", "time,model\n1,cat\n,cat\n", r":3: column 'time': '' is not a number"),
    (
        "unknown model",
        "time,model\n1,cat\n\n2,dgo\n",
        r":4: column 'model': unknown model 'dgo' \(did you mean dog\?\)",
    ),
    ("no model", "time,model\n1,\n", r":2: column 'model': names no model; pattern"),
    ("missing column", "tme,model\n1,cat\n", r":1: column 'time' is missing \(did you mean tme\?\)"),
    ("no header", "1,cat\n2,dog\n", r":1: column 'time' is missing \(it has: 1, cat; the first line is not a header"),
    ("column twice", "time,model,time\n1,cat,2\n", r":1: column 'time' occurs twice"),
    ("empty file", "", r"the file is empty"),
    ("too few cells", "time,model\n1,cat\n2\n", r":3: 1 cells where the header has 2 columns"),
    ("too many cells", "time,model\n1,cat\n\n2,dog,3\n", r":4: 3 cells where the header has 2 columns"),
]


@pytest.mark.parametrize(("text", "message"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_csv_names_file_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TraceError, match=r"calls\.csv.*" + message) as error:
        _replay(_csv(tmp_path, text))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("cell", "message"),
    [("-1", "service time -1.0 s is negative"), ("nan", "not a finite number"), ("x", "'x' is not a number")],
)
def test_a_wrong_service_time_is_named(tmp_path: Path, cell: str, message: str) -> None:
    file = _csv(tmp_path, f"time,model,service\n0,cat,1\n1,cat,{cell}\n")
    with pytest.raises(TraceError, match=r"calls\.csv:3: column 'service': .*" + message):
        _replay(file, "service")


@pytest.mark.parametrize("cell", ["", "-", " "])
def test_a_service_time_without_a_value_is_drawn(tmp_path: Path, cell: str) -> None:
    file = _csv(tmp_path, f"time,model,service\n0,cat,1\n1,cat,{cell}\n")
    with pytest.warns(TraceWarning, match="1 of 2 calls have no service time: drawn as the model says"):
        _replay(file, "service")


def test_the_line_is_right_far_into_a_file_and_behind_quoted_newlines(tmp_path: Path) -> None:
    rows = [f"{i},cat,ok" for i in range(5000)]
    rows[10] = '10,cat,"two\nlines"'
    rows[4321] = "4321,bird,ok"
    file = _csv(tmp_path, "time,model,note\n" + "\n".join(rows))
    with pytest.raises(TraceError, match=r"calls\.csv:4324: column 'model': unknown model 'bird'"):
        _replay(file, chunk=512)


def test_order_is_checked_across_chunks(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r":4: column 'time': time 1.0 s comes after 2.0 s"):
        _replay(_csv(tmp_path, "time,model\n1,cat\n2,cat\n1,cat\n"), chunk=2)


def _wrong_parquet(folder: Path, **columns: object) -> Path:
    file = folder / "calls.parquet"
    pq.write_table(pa.table(columns), file)
    return file


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"time": [0.0, None], "model": ["cat", "cat"]}, r"row 2: column 'time': None is not a finite number"),
        ({"time": [0.0, 1.0], "model": ["cat", None]}, r"row 2: column 'model': names no model; pattern"),
        ({"time": [2.0, 1.0], "model": ["cat", "cat"]}, r"row 2: column 'time': time 1.0 s comes after"),
        ({"time": [True, False], "model": ["cat", "cat"]}, r"row 1: column 'time': True is not a number"),
        ({"time": [1.0]}, r"column 'model' is missing"),
    ],
)
def test_a_wrong_parquet_names_file_row_and_column(tmp_path: Path, columns: dict[str, object], message: str) -> None:
    with pytest.raises(TraceError, match=r"calls\.parquet.*" + message):
        _replay(_wrong_parquet(tmp_path, **columns))


def _missing(folder: Path) -> Path:
    return folder / "calls.csv"


def _folder(folder: Path) -> Path:
    (folder / "calls.csv").mkdir()
    return folder / "calls.csv"


def _cut_gzip(folder: Path) -> Path:
    file = folder / "calls.csv.gz"
    lines = "".join(f"{i},cat\n" for i in range(50_000))
    file.write_bytes(gzip.compress(("time,model\n" + lines).encode())[:-2000])
    return file


def _no_gzip(folder: Path) -> Path:
    file = folder / "calls.csv.gz"
    file.write_text(TEXT)
    return file


def _not_utf8(folder: Path) -> Path:
    file = folder / "calls.csv"
    file.write_bytes(b"time,model\n1,cat\n2,\xff\xfe\n")
    return file


def _no_parquet(folder: Path) -> Path:
    file = folder / "calls.parquet"
    file.write_text(TEXT)
    return file


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_missing, "No such file"),
        (_folder, "calls.csv"),
        (_cut_gzip, "cannot be read"),
        (_no_gzip, "cannot be read"),
        (_not_utf8, r":3: the text is not UTF-8"),
        (_no_parquet, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_error(
    tmp_path: Path, make: Callable[[Path], Path], message: str
) -> None:
    with pytest.raises(TraceError, match=message) as error:
        _replay(make(tmp_path))
    assert "\n" not in str(error.value)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    note = "x" * 100

    def peak(rows: int) -> int:
        file = tmp_path / f"{rows}.csv.gz"
        with gzip.open(file, "wt", compresslevel=1) as text:
            text.write("time,model,note\n")
            text.writelines(f"{i},cat,{note}\n" for i in range(rows))
        tracemalloc.start()
        arrow = 0
        for _ in requests(file, "time", "model", None, ROWS, 4096):
            arrow = max(arrow, pa.total_allocated_bytes())
        _, python = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return python + arrow

    # 30 MB of text, where reading ahead has come to its end, against 90 MB.
    small, large = peak(300_000), peak(900_000)
    assert large < 1.3 * small
