import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmesim import units

not_negative = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250 ms", 0.25),
        ("30 min", 1800),
        ("1.5 h", 5400),
        ("2 us", 2e-6),
        ("2 µs", 2e-6),
        ("5 ns", 5e-9),
        ("1 d", 86400),
        ("1e3 s", 1000),
        (" 7s ", 7),
        ("+.5 s", 0.5),
        ("0", 0),
        (0, 0),
        (0.0, 0),
        ("1.1 ms", 0.0011),
    ],
)
def test_a_time_is_read_exactly(text, seconds):
    assert units.seconds(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [("1.5 GiB", 1610612736), ("40 MB", 40_000_000), ("3 MiB", 3145728), ("12 kB", 12000), ("1 TiB", 2**40), (0, 0)],
)
def test_a_size_is_read_in_whole_bytes(text, size):
    assert units.bytes_(text) == size
    assert isinstance(units.bytes_(text), int)


@pytest.mark.parametrize(
    ("text", "per_second"), [("120 /s", 120), ("6000 /min", 100), ("10 /h", 10 / 3600), ("86400 /d", 1), ("2/ms", 2000)]
)
def test_a_rate_is_read_per_second(text, per_second):
    assert units.rate(text) == per_second


@pytest.mark.parametrize(("text", "per_second"), [("90 MB/s", 90e6), ("1.25 Gbit/s", 156.25e6), ("1 MiB/s", 2**20)])
def test_a_bandwidth_is_read_in_bytes_per_second(text, per_second):
    assert units.bandwidth(text) == per_second


@pytest.mark.parametrize(("value", "share"), [("80 %", 0.8), (0.8, 0.8), ("0.1 %", 0.001), (1, 1), ("0.25", 0.25)])
def test_a_share_is_a_percentage_or_a_bare_number(value, share):
    assert units.fraction(value) == share


def test_both_letters_mu_are_the_micro_of_a_unit():
    assert units.seconds("5 \N{GREEK SMALL LETTER MU}s") == units.seconds("5 \N{MICRO SIGN}s") == 5e-6


def test_a_price_is_in_dollars():
    assert units.usd("0.23 USD") == 0.23


@pytest.mark.parametrize("read", [units.seconds, units.bytes_, units.rate, units.bandwidth, units.usd, units.fraction])
@pytest.mark.parametrize(
    "value", ["-1 s", "nan", "inf", ".inf", float("nan"), float("inf"), -1, None, [], {}, True, "", "s"]
)
def test_what_is_no_quantity_is_refused_by_every_reader(read, value):
    with pytest.raises(ValueError, match=r"is not|is negative|has the unknown unit"):
        read(value)


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (units.seconds, 5, r"5 has no unit: write a time such as 250 ms \(units: ns, us, µs, ms, s, min, h, d\)"),
        (units.seconds, "5 sec", "unknown unit 'sec'"),
        (units.seconds, "12:30", "unknown unit ':30'"),
        (units.bytes_, "5 mb", "unknown unit 'mb'.*MB"),
        (units.bytes_, "1e30 TB", "too large"),
        (units.seconds, "1e999999999 s", "not a finite number"),
        (units.seconds, "1e400 s", "not a finite number"),
        (units.rate, "5 s", "unknown unit 's'"),
        (units.fraction, "120 %", "too large"),
        (units.fraction, 1.5, "too large"),
        (units.usd, "3 EUR", "unknown unit 'EUR'"),
        (units.seconds, "x" * 500, "is not a time"),
        (units.seconds, "250 m", "unknown unit 'm': write 250 min, or 250 ms "),
        (units.seconds, "1 min 30 s", "write 90 s "),
        (units.seconds, "1h30m", "write 90 min "),
        (units.bytes_, "1 GiB 512 MiB", "write 1536 MiB "),
    ],
)
def test_a_refusal_teaches_what_to_write(read, value, message):
    with pytest.raises(ValueError, match=message) as refused:
        read(value)
    assert len(str(refused.value)) < 250


@given(not_negative)
def test_exact_texts_read_back_as_the_same_float(value):
    assert units.seconds(units.exact_seconds(value)) == value
    assert units.rate(units.exact_rate(value)) == value
    assert units.bandwidth(units.exact_bandwidth(value)) == value
    assert units.usd(units.exact_usd(value)) == value


@given(st.integers(min_value=0, max_value=2**53))
def test_exact_sizes_read_back_as_the_same_number_of_bytes(value):
    assert units.bytes_(units.exact_bytes(value)) == value


@given(st.floats(min_value=0, max_value=1))
def test_a_bare_share_is_itself(value):
    assert units.fraction(value) == value


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_shown_times_are_near_and_can_be_read(value):
    assert math.isclose(units.seconds(units.show_seconds(value).replace(",", "")), value, rel_tol=0.006)


@given(st.floats(min_value=1, max_value=1e15))
def test_shown_sizes_are_near_and_can_be_read(value):
    assert math.isclose(units.bytes_(units.show_bytes(value).replace(",", "")), value, rel_tol=0.006, abs_tol=0.5)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (units.show_seconds(0), "0 s"),
        (units.show_seconds(0.0123), "12.3 ms"),
        (units.show_seconds(45e-6), "45 us"),
        (units.show_seconds(90), "90 s"),
        (units.show_seconds(1800), "30 min"),
        (units.show_seconds(86400), "24 h"),
        (units.show_seconds(-0.25), "-250 ms"),
        (units.show_ms(1.25, 4), "1,250 ms"),
        (units.show_bytes(2**30 * 1.5), "1.5 GiB"),
        (units.show_bytes(12), "12 B"),
        (units.show_fraction(0.974), "97.4 %"),
        (units.show_dollars(1009.4), "$1,009"),
        (units.show_dollars(95.8), "$96"),
        (units.show_dollars(9.2), "$9.20"),
        (units.show_dollars(9.0), "$9"),
        (units.show_dollars(-60.0), "-$60"),
        (units.show_usd(672.34), "672 USD"),
        (units.show_usd(0.92), "0.92 USD"),
        (units.show_usd(0.115), "0.115 USD"),
        (units.show_usd(1.15), "1.15 USD"),
        (units.show_usd(0.0042), "0.0042 USD"),
        (units.show_usd(0), "0.00 USD"),
        (units.show_price(672.34), "$672"),
        (units.show_price(0.115), "$0.115"),
        (units.show_price(-0.0042), "-$0.0042"),
        (units.show_count(608228), "608,228"),
        (units.exact_bytes(41943040), "40 MiB"),
        (units.exact_bytes(0), "0 B"),
    ],
)
def test_quantities_for_people(shown, text):
    assert shown == text
