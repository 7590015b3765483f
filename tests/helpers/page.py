"""A page as a browser takes it apart: sections and their words, scripts, styles and everything that could load."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

FETCHED = {"src", "href", "srcset", "action", "data", "poster", "xlink:href"}
VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclass
class Page(HTMLParser):
    """What is in the text of a page."""

    text: str
    sections: dict[str, str] = field(default_factory=dict)
    """anchor -> its words, with single spaces"""
    scripts: list[tuple[str, str]] = field(default_factory=list)
    """type and content"""
    styles: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    """element, name, value"""
    tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, str]] = []
        self._answer = ""
        self.feed(self.text)
        self.close()
        assert not self._open, self._open
        self.sections = {anchor: " ".join(words.split()) for anchor, words in self.sections.items()}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in given.items()]
        if tag not in VOID:
            self._open.append((tag, given.get("id", "")))
        if tag == "script":
            self.scripts.append((given.get("type", ""), ""))
        if tag == "style":
            self.styles.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        inside = [tag for tag, _ in self._open]
        if "script" in inside:
            kind, content = self.scripts[-1]
            self.scripts[-1] = (kind, content + data)
        elif "style" in inside:
            self.styles[-1] += data
        for tag, anchor in self._open:
            if anchor == "answer":
                self._answer += data
            if tag == "section":
                self.sections[anchor] = self.sections.get(anchor, "") + " " + data

    @property
    def answer(self) -> str:
        """The sentence at the top."""
        return " ".join(self._answer.split())

    @property
    def data(self) -> Any:
        """What the script of the page reads."""
        (content,) = [content for kind, content in self.scripts if kind == "application/json"]
        return json.loads(content)

    @property
    def policy(self) -> dict[str, list[str]]:
        """The content security policy: directive -> sources."""
        (policy,) = [value for _, name, value in self.attributes if name == "content" and "default-src" in value]
        return {words[0]: words[1:] for words in (part.split() for part in policy.split(";"))}

    def loads(self) -> Iterator[str]:
        """Everything that a browser might fetch."""
        for _, name, value in self.attributes:
            if name in FETCHED and not value.startswith("#"):
                yield value


def digest(content: str) -> str:
    """The source of a policy that allows this script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
