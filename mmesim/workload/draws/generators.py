"""Named random generators from one seed. A stream, elsewhere in the workload, is one of traffic."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

Generators = Callable[..., np.random.Generator]
"""(purpose, names...) -> its generator, for one stream of traffic of one replication."""


def generator(seed: int, replication: int, purpose: str, *names: str | int) -> np.random.Generator:
    """A separate generator for each (seed, replication, purpose, names), the same in every process.

    Two runs that share a name share its draws, whatever else differs between them (common random numbers). A string and
    a number are different names even if they print alike.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in (replication, purpose, *names):
        text = f"{'i' if isinstance(part, int) else 's'}{part}".encode()
        # The length goes first, or ("a", "bc") and ("ab", "c") would be one generator.
        digest.update(len(text).to_bytes(8, "little") + text)
    key = tuple(int(word) for word in np.frombuffer(digest.digest(), dtype="<u4"))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def of_traffic(seed: int, replication: int, name: str) -> Generators:
    """The generators of one stream of traffic."""
    return lambda purpose, *names: generator(seed, replication, purpose, name, *names)


class KeyedGenerators:
    """A generator for each (name, number), for few draws: cheap where a `generator` for each would cost too much.

    All are one counter-based generator (Philox) at distant counters: name and number are the counter.
    """

    def __init__(self, seed: int, replication: int, purpose: str) -> None:
        key = generator(seed, replication, purpose).integers(0, 2**64, size=2, dtype=np.uint64)
        self._bits = np.random.Philox(key=key)
        self._state = self._bits.state
        self._generator = np.random.Generator(self._bits)
        self._words: dict[str, tuple[int, int]] = {}

    def at(self, name: str, number: int) -> np.random.Generator:
        """The generator at the first draw of (name, number >= 0); valid until the next call of `at`."""
        words = self._words.get(name)
        if words is None:
            digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
            words = self._words[name] = (int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little"))
        # The lowest word counts the draws. The rest of the state is that of a fresh generator, so that nothing is left
        # over from the draws before.
        self._state["state"]["counter"][:] = (0, number, *words)
        self._bits.state = self._state
        return self._generator
