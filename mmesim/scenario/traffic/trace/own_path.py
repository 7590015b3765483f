"""Calls at a path of one's own in a known layout: what to write, and the layout's pattern with it."""

from __future__ import annotations

import re
from typing import Final

from mmesim.scenario.traffic.trace.presets import CALL, PRESETS

_ANY_CALL: Final = '"[A-Z]+ '
_REQUEST = re.compile(r'"[A-Z]+ (?:\w+://[^/\s"]+)?(/[^\s"?]*)')
_PATH = re.compile(r"""(?:^|['"\s])(?:\w+://[^/\s"']+)?(/[^\s"'?]+)""")
_ACTIONS = ("invoke", "invocations", "predict", "predictions", "score", "infer", "inference", "classify", "explain")
_SAME_LINES = {"nginx-combined": ("apache-combined", "api-gateway-clf")}
"""Layouts whose lines look like those of another."""


def with_layout(layout: str, own: str) -> str:
    """The pattern of an access log's layout with the model where one's own regular expression finds it.

    `own` has the group `model` alone; anything else, or a layout of rows, is returned as it is.
    """
    given = PRESETS[layout]
    try:
        alone = set(re.compile(own).groupindex) == {"model"}
    except re.error:
        return own  # it is refused where every pattern is
    if given["format"] != "access-log" or not alone:
        return own
    flags = re.match(r"\(\?([aimsux]+)\)", own)  # they may stand at the beginning alone
    scoped = f"(?:{own})" if flags is None else f"(?{flags[1]}:{own[flags.end() :]})"
    return f"^(?=.*?{scoped}).*?(?:{_rest(layout)})"


def layouts_of(pattern: str | None) -> set[str]:
    """The layouts that read a log by this pattern, or by it with a path of one's own."""
    if pattern is None:
        return set()
    known = [name for name, keys in PRESETS.items() if "pattern" in keys]
    return {name for name in known if pattern == PRESETS[name]["pattern"] or pattern.endswith(f"(?:{_rest(name)})")}


def reads(pattern: str | None, layout: str | None) -> bool:
    """Whether a pattern reads the lines of a layout as that layout has them; None: of no known one."""
    found = layouts_of(pattern)
    return bool(found) and (layout is None or bool(found & {layout, *_SAME_LINES.get(layout, ())}))


def cure(text: str) -> str:
    """What to write where the path in a line, or in a cell, names no model as the layouts have it."""
    found = _REQUEST.search(text) or _PATH.search(text)
    parts = [part for part in ("" if found is None else found[1]).split("/") if part]
    after = f"/{parts.pop()}" if len(parts) > 1 and parts[-1].lower() in _ACTIONS else ""
    before = "/".join(re.escape(part).replace(r"\-", "-") for part in parts[:-1])
    path = f"{'/' if before else ''}{before}/(?P<model>[^/? ]+){after}"
    return (
        "a name is looked for behind /models/, /predictions/, /invocations/ and /endpoints/, and in ?model=; for a "
        f"path of your own, pattern '{path}' (--pattern) says where the name is, and the layout reads the rest"
    )


def _rest(layout: str) -> str:
    return str(PRESETS[layout].get("pattern", "")).replace(CALL, _ANY_CALL)
