"""Quantities with units: read at the edges, printed at the edges; inside there are only seconds and bytes.

Reading is exact: the decimal number is multiplied before it is rounded to a float, so `1.1 ms` is the float 0.0011.
Each reader raises ValueError with a text that says what may be written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType

_QUANTITY = re.compile(
    r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?\.?(?:inf|nan)\b)\s*(.*?)\s*", re.IGNORECASE
)

_SECONDS: dict[str, Decimal] = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
TIMES: tuple[str, ...] = tuple(_SECONDS)
"""The units of times."""
_BYTES: dict[str, Decimal] = {
    "B": Decimal(1),
    "kB": Decimal(10) ** 3,
    "MB": Decimal(10) ** 6,
    "GB": Decimal(10) ** 9,
    "TB": Decimal(10) ** 12,
    "KiB": Decimal(2) ** 10,
    "MiB": Decimal(2) ** 20,
    "GiB": Decimal(2) ** 30,
    "TiB": Decimal(2) ** 40,
}
_RATES: dict[str, Decimal] = {f"/{unit}": 1 / _SECONDS[unit] for unit in ("ms", "s")}
_SLOW_RATES: dict[str, Decimal] = {f"/{unit}": _SECONDS[unit] for unit in ("min", "h", "d")}
RATES = (*_RATES, *_SLOW_RATES)
"""Units of a rate."""
_BANDWIDTHS: dict[str, Decimal] = {f"{unit}/s": factor for unit, factor in _BYTES.items()} | {
    "bit/s": Decimal("0.125"),
    "kbit/s": Decimal(125),
    "Mbit/s": Decimal(125) * 10**3,
    "Gbit/s": Decimal(125) * 10**6,
    "Tbit/s": Decimal(125) * 10**9,
}

NUMBER = r"\+?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
"""A number that is not negative, as a regular expression."""


def _pattern(units: Iterable[str]) -> str:
    return rf"^\s*(?:{NUMBER}\s*(?:{'|'.join(units)})|\+?(?:0+\.?0*|\.0+))\s*$"


PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        "time": _pattern(_SECONDS),
        "size": _pattern(_BYTES),
        "rate": _pattern(RATES),
        "bandwidth": _pattern(_BANDWIDTHS),
        "amount of US dollars": _pattern(["USD"]),
        "share": rf"^\s*{NUMBER}\s*%?\s*$",
    }
)
"""What is read below, as regular expressions for editors (ECMA 262 and Python)."""

_ALSO_WRITTEN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "us": ("usec", "µsec", "microseconds"),
        "ms": ("msec", "msecs", "millis", "millisecond", "milliseconds"),
        "s": ("sec", "secs", "second", "seconds"),
        "min": ("m", "mins", "minute", "minutes"),
        "h": ("hr", "hrs", "hour", "hours"),
        "d": ("day", "days"),
        "/s": ("rps", "qps", "tps", "hz", "/sec", "/second", "req/s", "reqs/s", "requests/s", "calls/s", "per second"),
        "/min": ("rpm", "/m", "/minute", "req/min", "requests/min", "calls/min", "per minute"),
        "/h": ("rph", "/hr", "/hour", "req/h", "requests/h", "calls/h", "per hour"),
        "/d": ("/day", "per day"),
        "B": ("byte", "bytes"),
        **{unit: (unit[0].lower(), f"{unit[0].lower()}bytes") for unit in ("kB", "MB", "GB", "TB")},
        **{unit: (unit[:-1].lower(),) for unit in ("KiB", "MiB", "GiB", "TiB")},
        **{f"{size}bit/s": (f"{size.lower()}bps", f"{size.lower()}bit") for size in ("", "k", "M", "G", "T")},
        "USD": ("$", "dollar", "dollars", "usd/h", "usd/hour", "$/h"),
        "%": ("percent", "pct"),
    }
)
"""Unit -> what people write instead, in small letters."""

_LARGEST_BYTES = 2**62
_LONGEST_NUMBER = 60  # characters that a message can repeat
_LARGEST_EXPONENT = 400  # beyond every float, and far below where Decimal itself gives up


def seconds(value: object) -> float:
    """A duration in seconds, from `250 ms`, `30 min`, `1.5 h`, `2 us`, `1 d` or 0; never negative."""
    return _read(value, _SECONDS, "a time", "250 ms")


def bytes_(value: object) -> int:
    """A size in whole bytes, from `1.5 GiB`, `40 MB`, `3 MiB` or 0; never negative."""
    size = _read(value, _BYTES, "a size", "1.5 GiB")
    if size > _LARGEST_BYTES:
        raise ValueError(f"{_shown(value)} is too large for a size")
    return round(size)


def rate(value: object) -> float:
    """Events for each second, from `120 /s`, `6000 /min`, `10 /h`, `24 /d` or 0; never negative."""
    units = _RATES | _SLOW_RATES
    number, unit = _split(value, units, "a rate", "120 /s")
    if unit in _SLOW_RATES:
        return _finite(number / _SLOW_RATES[unit], value)
    return _finite(number * units[unit], value)


def bandwidth(value: object) -> float:
    """Bytes for each second, from `90 MB/s`, `1.25 Gbit/s` or 0; never negative."""
    return _read(value, _BANDWIDTHS, "a bandwidth", "1.25 Gbit/s")


def usd(value: object) -> float:
    """An amount of US dollars, from `0.23 USD` or 0; never negative."""
    return _read(value, {"USD": Decimal(1)}, "a price", "0.23 USD")


def fraction(value: object) -> float:
    """A share between 0 and 1, from `80 %` or a bare number such as 0.8."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        share = _finite(Decimal(repr(value)), value)
    else:
        number, unit = _split(value, {"%": Decimal("0.01"), "": Decimal(1)}, "a share", "80 %")
        share = _finite(number * (Decimal("0.01") if unit == "%" else 1), value)
    if share > 1:
        percent = f", or do you mean {value} %?" if 1 < share <= 100 and "%" not in str(value) else ""
        raise ValueError(f"{_shown(value)} is too large: a share is at most 100 %{percent}")
    return share


def split(value: object) -> tuple[int | float, str] | None:
    """The number and the unit of a quantity of any kind (`40 MiB`, 0.8, `6`); None when the value is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if not isinstance(value, str):
        return value, ""
    match = _QUANTITY.fullmatch(value)
    if match is None or not re.search(r"\d", match[1]) or " " in match[2]:
        return None
    return (int(match[1]) if re.fullmatch(r"[-+]?\d+", match[1]) else float(match[1])), match[2]


def _read(value: object, units: Mapping[str, Decimal], what: str, example: str) -> float:
    number, unit = _split(value, units, what, example)
    return _finite(number * units[unit], value)


def _split(value: object, units: Mapping[str, Decimal], what: str, example: str) -> tuple[Decimal, str]:
    """The number and the unit of a quantity; a bare 0 takes the first unit."""
    listed = ", ".join(unit for unit in units if unit)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{_shown(value)} is not {what}: write a number and a unit, such as {example}")
    if isinstance(value, str) and (plain := without_marks(value)) is not None:
        raise ValueError(f"{_shown(value)} is not {what}: {plain}")
    match = _QUANTITY.fullmatch(value if isinstance(value, str) else repr(value))
    if match is None:
        raise ValueError(f"{_shown(value)} is not {what}: write a number and a unit, such as {example}")
    number = Decimal(match[1].lstrip("+").replace(".inf", "inf").replace(".nan", "nan"))
    unit = match[2].replace("\N{GREEK SMALL LETTER MU}", "\N{MICRO SIGN}")  # keyboards have either
    if not number.is_finite() or number.adjusted() > _LARGEST_EXPONENT:
        raise ValueError(f"{_shown(value)} is not a finite number: write {what} such as {example}")
    if number < 0:
        raise ValueError(f"{_shown(value)} is negative: {what} is 0 or more")
    if unit in units:
        return number, unit
    if unit == "" and number == 0:
        return number, next(iter(units))
    if unit == "":
        raise ValueError(f"{_shown(value)} has no unit: write {what} such as {example} (units: {listed})")
    write = _added(match[0], units) or f"{what} such as {example}"
    if unit == "m" and "ms" in units:
        write = f"{match[1][:40]} min, or {match[1][:40]} ms"
    elif (known := meant(unit, units)) is not None:
        write = f"{match[1][:40]} {known}"
    raise ValueError(f"{_shown(value)} has the unknown unit {_shown(unit)}: write {write} (units: {listed})")


def _added(text: str, units: Mapping[str, Decimal]) -> str | None:
    """How to write several quantities in one, `1 min 30 s`: their sum in the last of the units; None for other text."""
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([^\W\d]+)\s*", text)
    known = [unit if unit in units else meant(unit, units) for _, unit in parts]
    together = "".join(number + unit for number, unit in parts) == "".join(text.split())
    if len(parts) < 2 or not together or len(text) > _LONGEST_NUMBER or None in known:
        return None
    factors = [units[unit] for unit in known if unit is not None]
    total = sum(Decimal(number) * factor for (number, _), factor in zip(parts, factors, strict=True))
    return f"{total / factors[-1]:f} {known[-1]}"


def without_marks(text: str) -> str | None:
    """How to write a number that has commas or underscores, `decimal comma: write 0.6`; None when it has none."""
    grouped = re.fullmatch(r"\s*(\d+(?:_\d+)+(?:\.\d+)?)(\D.*)?", text)
    if grouped is not None and len(text) <= _LONGEST_NUMBER:
        return f"no underscores: write {grouped[1].replace('_', '')}{(grouped[2] or '').rstrip()}"
    match = re.fullmatch(r"\s*([1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|\d+,\d+)(\D.*)?", text)
    if match is None or len(text) > _LONGEST_NUMBER:
        return None
    number, rest = match[1], (match[2] or "").rstrip()
    if re.fullmatch(r"\d+,\d+", number) and not re.fullmatch(r"[1-9]\d{0,2},\d{3}", number):
        return f"decimal comma: write {number.replace(',', '.')}{rest}"
    return f"thousands comma: write {number.replace(',', '')}{rest}"


def meant(unit: str, units: Iterable[str]) -> str | None:
    """The unit that is meant by a word, None when that is not known; `Mb/s` may be bits or bytes."""
    word = " ".join(unit.lower().split())
    for known in units:
        if word in _ALSO_WRITTEN.get(known, ()) or (word == known.lower() and not unit.endswith("b/s")):
            return known
    return None


def _finite(number: Decimal, value: object) -> float:
    result = float(number)
    if not math.isfinite(result):
        raise ValueError(f"{_shown(value)} is not a finite number")
    if result < 0:
        raise ValueError(f"{_shown(value)} is negative")
    return abs(result)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a map"
    return repr(value) if isinstance(value, int | float) else f"a {type(value).__name__}"


def exact_seconds(value: float) -> str:
    """A duration as text that `seconds` reads back as exactly this float."""
    return f"{_plain(value)} s"


def exact_bytes(value: int) -> str:
    """A size as text that `bytes_` reads back as exactly this number of bytes."""
    for unit in ("GiB", "MiB", "GB", "MB"):
        if value and value % int(_BYTES[unit]) == 0:
            return f"{value // int(_BYTES[unit])} {unit}"
    return f"{value} B"


def exact_rate(value: float) -> str:
    """A rate as text that `rate` reads back as exactly this float."""
    return f"{_plain(value)} /s"


def exact_bandwidth(value: float) -> str:
    """A bandwidth as text that `bandwidth` reads back as exactly this float."""
    return f"{_plain(value)} B/s"


def exact_usd(value: float) -> str:
    """An amount of US dollars as text that `usd` reads back as exactly this float."""
    return f"{_plain(value)} USD"


def _plain(value: float) -> str:
    text = repr(float(value))
    return text.removesuffix(".0")


def show_seconds(value: float, digits: int = 3) -> str:
    """A duration for people: `250 ms`, `1.5 s`, `12.5 min`, `3.2 h`; also for negative differences."""
    size = abs(value)
    if size >= 2 * 86400:
        return f"{show_number(value / 86400, digits)} d"
    if size >= 2 * 3600:
        return f"{show_number(value / 3600, digits)} h"
    if size >= 120:
        return f"{show_number(value / 60, digits)} min"
    if size >= 1 or size == 0:
        return f"{show_number(value, digits)} s"
    if size >= 1e-3:
        return f"{show_number(value * 1e3, digits)} ms"
    return f"{show_number(value * 1e6, digits)} us"


def show_ms(value: float, digits: int = 3) -> str:
    """A duration given in seconds, shown in milliseconds, so that a column compares: `0.4 ms`, `1,250 ms`."""
    return f"{show_number(value * 1e3, digits)} ms"


def show_bytes(value: float, digits: int = 3) -> str:
    """A size for people, in binary units: `1.5 GiB`."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if abs(value) >= _BYTES[unit]:
            return f"{show_number(value / float(_BYTES[unit]), digits)} {unit}"
    return f"{show_number(value, digits)} B"


def show_fraction(value: float, digits: int = 3) -> str:
    """A share for people: `97.4 %`."""
    return f"{show_number(value * 100, digits)} %"


def show_dollars(value: float) -> str:
    """An amount of US dollars in a sentence: `$1,009`, `$9.20`, `-$60`."""
    whole = abs(value) >= 10 or float(f"{value:.2f}").is_integer()
    return f"{'-' if value < 0 else ''}${abs(value):,.{0 if whole else 2}f}"


def show_usd(value: float) -> str:
    """An amount of US dollars as a figure, with the unit of a file: `672 USD`, `0.92 USD`, `0.0042 USD`."""
    if abs(value) >= 100:
        return f"{value:,.0f} USD"
    if abs(value) >= 1 or value == 0:
        return f"{value:,.2f} USD"
    if abs(value) >= 0.1:  # a price of an hour: 0.115, and 0.12 would be 4 % off
        return f"{value:.3f}".removesuffix("0") + " USD"
    return f"{show_number(value, 2)} USD"


def show_price(value: float) -> str:
    """An amount of US dollars in a sentence with the digits of a figure: `$672`, `$0.92`, `$0.115`, `$0.0042`."""
    return f"{'-' if value < 0 else ''}${show_usd(abs(value)).removesuffix(' USD')}"


def show_count(value: float) -> str:
    """A whole number for people: `608,228`."""
    return f"{value:,.0f}"


def show_number(value: float, digits: int = 3) -> str:
    """A number for people: significant digits, no exponent or trailing zeros; digits before the point are never cut."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
