"""One report through every renderer: what it says is the same, how it looks is the renderer's own."""

from __future__ import annotations

import pytest

from mmesim.report.blocks import Bars, Cell, Column, Lines, Part, Table, Title, cells, report
from mmesim.report.content.run import run_report
from mmesim.report.markdown import markdown
from mmesim.report.page.render import render
from mmesim.report.text import WIDTH, text, wrapped
from mmesim.results.result import Result
from tests.helpers.page import Page
from tests.unit.results.synthetic import Call, replications, scenario

FIGURES = Table(
    (Column(), Column("p99", "right", "ms"), Column("note")),
    (
        (Cell("a|b"), Cell("1,427", "[1,338, 1,517]"), Cell("pass", tone="good")),
        (Cell("longer"), Cell("-"), Cell("FAIL x < 1", tone="bad")),
    ),
)
WHY = Table((Column(), Column(align="right")), ((Cell("p50"), Cell("20")), (Cell("p99"), Cell("-", reason="no call"))))
LEDGER = Bars(("p50", "p99"), (20.0, 980.0), (Part("load", (0.0, 960.0)), Part("queue", (20.0, 20.0), "a wait")))
REPORT = report(
    [Title("day", "2 hosts", level=1), Lines(("seed 1",))],
    [FIGURES, Lines(("2 points",), "note")],
    [],
    [Title("Latency, ms"), WHY, LEDGER],
    [Title("Findings"), Lines(("one", "two"), "list")],
)

WIDE_TABLE = Table(
    (Column("point", "right"), *(Column(f"figure {n}", "right", "ms") for n in range(12))),
    tuple((Cell(f"{row}"), *(Cell(f"{row}{n:02}", "[1,338, 1,517]") for n in range(12))) for row in (7, 8)),
)


def test_a_table_wider_than_a_page_becomes_several_which_name_their_rows() -> None:
    page = Page(f"<section id='x'>{render((WIDE_TABLE,), 'sweep')}</section>")
    labels = [value for _, name, value in page.attributes if name == "aria-label"]
    assert labels == ["sweep", "sweep, continued", "sweep, continued"]
    words = page.sections["x"].split()
    assert [words.count(one) for one in ("point", "7", "8")] == [3, 3, 3]
    assert [words.count(f"{row}{n:02}") for row in (7, 8) for n in range(12)] == [1] * 24
    narrow = Page(f"<section id='x'>{render((WIDE_TABLE.only(range(4)),), 'sweep')}</section>")
    assert narrow.tags.count("table") == 1


FORGED = "m\nPASS  all limits hold\r\u2028\x85\ty"


def test_a_name_cannot_forge_a_line() -> None:
    """A line end inside a name would begin a line that looks like one of ours."""
    of = report(
        [Title(FORGED, FORGED, level=1), Lines((FORGED,)), Lines((FORGED,), "list"), Lines((FORGED,), "note")],
        [Title("x"), Table((Column(FORGED), Column()), ((Cell(FORGED, FORGED), Cell("b", reason=FORGED)),))],
    )
    plain = report(
        [Title("m", "m", level=1), Lines(("m",)), Lines(("m",), "list"), Lines(("m",), "note")],
        [Title("x"), Table((Column("m"), Column()), ((Cell("m", "m"), Cell("b", reason="m")),))],
    )
    for shown, short in ((text(of, width=1000), text(plain)), (markdown(of), markdown(plain))):
        assert len(shown.splitlines()) == len(short.splitlines())
        assert "m\\nPASS" in shown


TEXT = """\
day: 2 hosts
seed 1

           p99                    note
            ms
a|b      1,427   [1,338, 1,517]   pass
longer       -                    FAIL x < 1
(2 points)

Latency, ms
  p50   20
  p99    -   no call
           p50             p99
  load     0.0     0 %   960.0    98 %
  queue   20.0   100 %    20.0     2 %
  sum     20.0   100 %   980.0   100 %
  (queue: a wait)

Findings
  - one
  - two
"""

MARKDOWN = """\
# day

2 hosts

seed 1

|  | p99, ms | note |
| --- | ---: | --- |
| a\\|b | 1,427 [1,338, 1,517] | pass |
| longer | - | FAIL x < 1 |

*2 points*

## Latency, ms

|  |  |
| --- | ---: |
| p50 | 20 |
| p99 | - (no call) |

|  | p50 |  | p99 |  |
| --- | ---: | ---: | ---: | ---: |
| load | 0.0 | 0 % | 960.0 | 98 % |
| queue | 20.0 | 100 % | 20.0 | 2 % |
| sum | 20.0 | 100 % | 980.0 | 100 % |

*queue: a wait*

## Findings

- one
- two
"""


def test_text() -> None:
    assert text(REPORT) == TEXT


def test_markdown() -> None:
    assert markdown(REPORT) == MARKDOWN


def test_colours_change_nothing_but_themselves() -> None:
    coloured = text(REPORT, colour=True)
    assert "\x1b[32mpass\x1b[0m" in coloured
    assert "\x1b[31mFAIL x < 1\x1b[0m" in coloured
    for code in ("\x1b[32m", "\x1b[31m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    assert coloured == TEXT


def test_long_names_of_rows_are_folded_where_the_table_then_stays_one() -> None:
    name = "one more worker each: some-models"
    columns = (Column(), Column("price", "right"), Column("difference", "right"))
    rows = ((Cell(name), Cell("+53"), Cell("-0.0333 pt", "[-0.0333, -0.0333]")), cells("queue of 200", "0", "none"))
    folded = text(report([Table(columns, rows)]), width=60)
    assert folded.splitlines()[1:] == [
        "one more worker each:    +53  -0.0333 pt  [-0.0333, -0.0333]",
        "  some-models",
        "queue of 200               0        none",
    ]
    assert name in text(report([Table(columns, rows)]), width=80)
    # Names that would be cut into scraps stay whole, and the table becomes two.
    assert name in text(report([Table(columns, rows)]), width=50)


def test_a_table_that_is_wide_has_narrower_gaps_and_no_empty_columns() -> None:
    wide = Table((Column(), Column(), Column(align="right")), (cells("a" * 50, "", "1" * 28),))
    assert text(report([wide])) == f"{'a' * 50}  {'1' * 28}\n"


def wide(names: int, figures: int) -> Table:
    """A table as sweeps have it: words that name a row, a verdict, and figures with intervals."""
    columns = [Column(f"field_{number}", "right") for number in range(names)]
    columns += [Column("expected"), *(Column(f"a figure {number}", "right", "ms") for number in range(figures))]
    row = [Cell("word" * 2)] * names + [Cell("FAIL p99", tone="bad")]
    return Table(tuple(columns), ((*row, *[Cell("1,234", "[1,200, 1,300]")] * figures),) * 3, keys=names)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize(("names", "figures"), [(1, 1), (1, 3), (2, 9), (3, 20)])
def test_a_table_is_never_wider_than_the_terminal(names: int, figures: int, width: int) -> None:
    lines = text(report([Title("Figures"), wide(names, figures)]), width=width).splitlines()
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    assert words.count("1,234") == 3 * figures  # all is still said
    assert words.count("wordword") == 3 * names * (1 + lines.count(""))  # each part says which row it is


def test_text_in_the_last_column_is_wrapped_below_itself() -> None:
    table = Table((Column(), Column()), (cells("word", "and " * 30), cells("other", "short")))
    first, second, *_, last = text(report([table])).splitlines()
    assert first.startswith("word   and and")
    assert second.startswith("       and and")
    assert len(first) <= WIDTH
    assert last == "other  short"


def test_a_column_that_may_be_missing_is_left_out_where_there_is_no_room() -> None:
    columns = (Column(), Column("share", optional=True), Column("verdict"))
    assert "share" in text(report([Table(columns, (cells("a" * 40, "10 %", "pass"),))]))
    assert "share" not in text(report([Table(columns, (cells("a" * 70, "10 %", "pass"),))]))


def test_a_row_has_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="2 columns, but a row of 1 cells"):
        Table((Column(), Column()), (cells("a"),))
    with pytest.raises(ValueError, match="one value for each of p50, p99"):
        Bars(("p50", "p99"), (1.0, 2.0), (Part("load", (1.0,)),))


def test_numbers_stay_with_their_units_and_words_stay_whole() -> None:
    for blanks in range(60, WIDTH):
        for line in wrapped("x" * blanks + " p99 >= 95 % of 3 s and then more"):
            assert not line.endswith((">=", "95", "3"))
        for interval in ("[1.76, 1.89]", "(1.76 to 1.89)", "+- 0.3"):
            assert any(interval in line for line in wrapped("x" * blanks + f" has 1.82 % {interval} of the calls"))
    assert wrapped("path " + "a-b/" * 40) == ["path", "a-b/" * 40]
    assert wrapped("- one " + "two " * 20, indent=2, hanging=2)[1].startswith("    two")


def test_a_whole_run_says_the_same_in_both() -> None:
    of = scenario(["p99 < 500 ms"], run={"replications": 2})
    shown = run_report(Result(of, replications(of, *[[Call(0.02)] * 100] * 2)))
    said = markdown(shown)
    for block in (block for section in shown for block in section):
        for word in block.texts if isinstance(block, Lines) else [block.text] if isinstance(block, Title) else []:
            assert word in said
            assert word in text(shown)


def test_a_column_without_a_title_is_not_carried_into_a_table_without_any() -> None:
    columns = (Column(), *(Column(title, "right") for title in ("a", "b", "b - a")), Column())
    ratio = (Cell("cache_hit_ratio"), Cell("99.99972 %"), Cell("100 %"), Cell("+0.000278 pt", "[-0.0002, 0.0027]"))
    table = Table(columns, ((*ratio, Cell("undecided")), (*cells("memory_utilization", "9", "8", "-1"), Cell("lower"))))
    lines = text(report([Title("Figures"), table])).splitlines()
    assert len(lines) == 4
    assert max(map(len, lines)) <= 80
    assert lines[2].endswith("+0.000278 pt [-0.0002, 0.0027] undecided")
