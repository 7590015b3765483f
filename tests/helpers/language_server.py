"""A YAML language server as editors drive it, over its standard input and output (Language Server Protocol 3.17)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from queue import Queue
from types import TracebackType
from typing import Any, Self

WHERE = "MMESIM_YAML_LANGUAGE_SERVER"
"""Variable with the path of the server; `make editors` installs one and sets it."""
PATIENCE_S = 60.0


def server() -> str | None:
    """The command of the server, None where it or Node.js is not installed."""
    if shutil.which("node") is None:
        return None
    return os.environ.get(WHERE) or shutil.which("yaml-language-server")


class LanguageServer:
    """A server with one folder open; requests wait for their answers."""

    def __init__(self, command: str, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [command, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder
        )
        self._count = 0
        self._answers: dict[int, Queue[Any]] = {}
        self._marked: dict[str, Queue[list[dict[str, Any]]]] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        can: dict[str, Any] = {
            "textDocument": {
                "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
                "hover": {"contentFormat": ["markdown"]},
            },
        }
        self._ask("initialize", {"processId": None, "rootUri": self._folder.as_uri(), "capabilities": can})
        self._tell("initialized", {})
        settings = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
        self._tell("workspace/didChangeConfiguration", {"settings": {"yaml": settings}})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def open(self, name: str, text: str) -> list[dict[str, Any]]:
        """Opens a text as a file of the folder; returns what the editor would mark in it."""
        uri = self._uri(name)
        self._marked[uri] = Queue()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return self._marked[uri].get(timeout=PATIENCE_S)

    def complete(self, name: str, line: int, column: int) -> list[str]:
        """What the editor offers at a place, from 0."""
        found = self._ask("textDocument/completion", self._at(name, line, column))
        return [item["label"] for item in (found["items"] if isinstance(found, dict) else found or ())]

    def hover(self, name: str, line: int, column: int) -> str:
        """What the editor shows over a place, from 0; nothing where it shows nothing."""
        found = self._ask("textDocument/hover", self._at(name, line, column))
        return "" if not found else str(found["contents"]["value"])

    def _uri(self, name: str) -> str:
        return (self._folder / name).as_uri()

    def _at(self, name: str, line: int, column: int) -> dict[str, Any]:
        return {"textDocument": {"uri": self._uri(name)}, "position": {"line": line, "character": column}}

    def _ask(self, method: str, parameters: dict[str, Any]) -> Any:
        self._count += 1
        answer = self._answers[self._count] = Queue()
        self._send({"id": self._count, "method": method, "params": parameters})
        return answer.get(timeout=PATIENCE_S)

    def _tell(self, method: str, parameters: dict[str, Any]) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            length = 0
            while header.strip():
                if header.lower().startswith(b"content-length:"):
                    length = int(header.partition(b":")[2])
                header = stream.readline()
            self._hear(json.loads(stream.read(length)))

    def _hear(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method == "textDocument/publishDiagnostics":
            marks = self._marked.get(message["params"]["uri"])
            if marks is not None:
                marks.put(message["params"]["diagnostics"])
        elif method is None:
            self._answers[message["id"]].put(message.get("result"))
        elif "id" in message:  # a question to the editor, which has no opinion
            items = message.get("params", {}).get("items")
            self._send({"id": message["id"], "result": None if items is None else [None] * len(items)})
