"""Finished replications on disk, by content: what was simulated once is never simulated again.

The store is one SQLite file. Each replication is written in a transaction of its own: a process that is killed loses
nothing that was finished, and several may use one store at the same time.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mmesim.errors import DamagedWarning, OutputError
from mmesim.experiment.store.pack import pack, unpack
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.run.settings import FoundWarmup
from mmesim.scenario.scenario import Scenario

FORMAT = 10
"""Changes when the tables or the bytes of `pack` do."""

APPLICATION = 0x6D6D6573
"""`application_id` of the file: mmes."""

BUSY_S = 60.0
"""How long to wait for another process that writes."""
RETRY_S = 0.01

_TABLES = (
    """
CREATE TABLE replications (
    key BLOB PRIMARY KEY,
    times INTEGER NOT NULL DEFAULT 1,
    data BLOB NOT NULL
)
""",
    """
CREATE TABLE warmups (
    base BLOB PRIMARY KEY,
    found TEXT NOT NULL
)
""",
    """
CREATE TABLE documents (
    key BLOB PRIMARY KEY,
    content TEXT NOT NULL
)
""",
)
"""The second one: how an automatic warm-up was found, for all replications of a scenario. The third: what was concluded
from replications, such as the verdicts of a gate."""


CHECKSUM_BYTES = 16


def _checksum(packed: bytes) -> bytes:
    return hashlib.blake2b(packed, digest_size=CHECKSUM_BYTES).digest()


def _content(data: object) -> bytes | None:
    """What is behind the checksum of a row; None when it was damaged."""
    if not isinstance(data, bytes):
        return None
    packed = data[CHECKSUM_BYTES:]
    return packed if data[:CHECKSUM_BYTES] == _checksum(packed) else None


class Store:
    """A store in a file, made when there is none; without a file a temporary one. A context, which closes it."""

    def __init__(self, file: str | Path | None = None) -> None:
        self._name = file = None if file is None else Path(file)
        try:
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
            # Autocommit: every statement is a transaction of its own. An empty name is a temporary file of SQLite's.
            self._database = sqlite3.connect("" if file is None else file, timeout=BUSY_S, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise OutputError(f"cannot write to {file}: {error}") from error
        try:
            self._open()
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._database.close()

    def __contains__(self, key: bytes) -> bool:
        found = self._ask("SELECT data FROM replications WHERE key = ?", (key,))
        if not found or _content(found[0][0]) is not None:
            return bool(found)
        warnings.warn(
            f"{self._name or 'the temporary store'}: a replication in it is damaged, and is simulated again",
            DamagedWarning,
            stacklevel=2,
        )
        self._ask("DELETE FROM replications WHERE key = ?", (key,))
        return False

    def __len__(self) -> int:
        return int(self._ask("SELECT count(*) FROM replications")[0][0])

    @property
    def simulated(self) -> int:
        """How often a replication was put here, those counted again that were here already."""
        return int(self._ask("SELECT coalesce(sum(times), 0) FROM replications")[0][0])

    def put(self, key: bytes, run: RunData) -> None:
        """Keep a replication; when this returns it is on disk. One that is here already stays as it is."""
        keep = "INSERT INTO replications (key, data) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET times = times + 1"
        packed = pack(run)
        self._ask(keep, (key, _checksum(packed) + packed))

    def get(self, key: bytes, scenario: Scenario) -> RunData:
        """A replication of this scenario, without windows and records; KeyError when it is not here."""
        found = self._ask("SELECT data FROM replications WHERE key = ?", (key,))
        if not found:
            raise KeyError(key.hex())
        content = _content(found[0][0])
        if content is None:
            raise OutputError(f"{self._name or 'the temporary store'}: a replication in it was damaged: start it again")
        return unpack(content, scenario)

    def keep_warmup(self, base: bytes, found: FoundWarmup | None) -> None:
        """Keep how the warm-up of the scenario with this `Keys.base` was found; None when it was given."""
        if found is not None:
            self._ask("INSERT OR REPLACE INTO warmups VALUES (?, ?)", (base, found.model_dump_json(by_alias=True)))

    def warmup(self, base: bytes) -> FoundWarmup | None:
        """How the warm-up of a scenario was found, None when it was given."""
        rows = self._ask("SELECT found FROM warmups WHERE base = ?", (base,))
        return FoundWarmup.model_validate_json(rows[0][0]) if rows else None

    def keep_document(self, key: bytes, content: str) -> None:
        """Keep what was concluded, under a name by content."""
        self._ask("INSERT OR REPLACE INTO documents VALUES (?, ?)", (key, content))

    def document(self, key: bytes) -> str | None:
        """What was concluded under that name, None when nothing was."""
        rows = self._ask("SELECT content FROM documents WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def _open(self) -> None:
        if self._is_new():
            self._log_ahead()
            # One transaction: no process ever sees a half-made store, and only one makes it.
            self._ask("BEGIN IMMEDIATE")
            if self._is_new():
                for table in _TABLES:
                    self._ask(table)
                self._ask(f"PRAGMA application_id = {APPLICATION}")
                self._ask(f"PRAGMA user_version = {FORMAT}")
            self._ask("COMMIT")
        if self._number("application_id") != APPLICATION:
            raise OutputError(f"{self._name} is not a store of mmesim: choose another file with --store")
        if self._number("user_version") != FORMAT:
            raise OutputError(
                f"{self._name} was written by another version of mmesim (format {self._number('user_version')}, "
                f"this one reads {FORMAT}): choose another file with --store"
            )
        # In WAL mode this survives the end of the process at any moment; only a power cut may lose the last seconds.
        self._ask("PRAGMA synchronous = NORMAL")

    def _log_ahead(self) -> None:
        """Change to WAL mode, for which SQLite does not wait by itself while another process opens the store."""
        until_s = time.monotonic() + BUSY_S
        while True:
            try:
                self._database.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until_s:
                    raise OutputError(f"cannot use {self._name or 'the temporary store'}: {error}") from error
            time.sleep(RETRY_S)

    def _is_new(self) -> bool:
        return self._number("application_id") == 0 and not self._ask("SELECT 1 FROM sqlite_master LIMIT 1")

    def _number(self, pragma: str) -> int:
        return int(self._ask(f"PRAGMA {pragma}")[0][0])

    def _ask(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise OutputError(f"cannot use {self._name or 'the temporary store'}: {error}") from error
