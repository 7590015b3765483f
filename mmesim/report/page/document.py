"""The file itself: sections, data and bundled libraries in one, with a policy that lets nothing else run or load."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from markupsafe import Markup

from mmesim import __version__
from mmesim.report import colours
from mmesim.report.page.render import templates
from mmesim.report.plain import harmless_line

Tone = Literal["good", "bad", "open", "plain"]
LIBRARIES: Mapping[str, tuple[str, str]] = {
    "charts": ("uPlot.iife.min.js", "uPlot.LICENSE.txt"),
    "models": ("dataTables.min.js", "dataTables.LICENSE.txt"),
}
"""What a page can need -> the library that does it, and its licence."""


@dataclass(frozen=True)
class Part:
    """A section of the page: what it is called, and what is in it."""

    anchor: str
    name: str
    body: Markup


def document(title: str, answer: str, tone: Tone, parts: Sequence[Part], data: Mapping[str, Any]) -> str:
    """The whole file; `data` is what its script reads, and its keys say which libraries the page needs."""
    scripts = [_library(name) for name in LIBRARIES if data.get(name)]
    scripts.append(_asset("page.js"))
    style = _asset("uPlot.min.css") + _asset("page.css") + colours.variables() + colours.style()
    shown: str = (
        templates()
        .get_template("page.html")
        .render(
            policy=policy(scripts, style),
            title=harmless_line(title),
            answer=answer,
            tone=tone,
            parts=parts,
            data=as_script(data),
            scripts=[Markup(script) for script in scripts],
            style=Markup(style),
            version=__version__,
        )
    )
    return shown


def policy(scripts: Sequence[str], style: str) -> str:
    """The content security policy: these scripts and this style run, by their hashes, and nothing is loaded."""
    allowed = " ".join(_hash(script) for script in scripts)
    return f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"


def as_script(data: Mapping[str, Any]) -> Markup:
    """JSON that ends no element: `<` and `>` are written by their numbers, and so are line ends of JavaScript."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@lru_cache
def _library(name: str) -> str:
    """A library below its licence, which has to go with every copy."""
    code, licence = LIBRARIES[name]
    return f"/*\n{_asset(licence).strip()}\n*/\n{_asset(code)}"


@lru_cache
def _asset(name: str) -> str:
    # The text of a script in a page has no carriage returns: a hash of one would not match.
    return (files("mmesim.report.page") / "assets" / name).read_text(encoding="utf-8").replace("\r\n", "\n")
