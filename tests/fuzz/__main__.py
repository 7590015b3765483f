"""`python -m tests.fuzz --cases 20000`: hostile input by the thousand, resumed where it was broken off."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.fuzz.cases import KINDS
from tests.fuzz.harness import faults, run_case, shown


def main() -> int:
    """1 if a case went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=sorted(KINDS), action="append", help="default: all kinds")
    parser.add_argument("--cases", type=int, default=2000, help="cases of each kind")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--only", type=int, help="run this case here, without a process of its own")
    parser.add_argument("--folder", type=Path, default=Path(".fuzz"), help="which cases are done")
    given = parser.parse_args()
    kinds = given.kind or sorted(KINDS)
    if given.only is not None:
        for kind in kinds:
            sys.stdout.write(f"{run_case(kind, given.only)}\n")
        return 0
    given.folder.mkdir(exist_ok=True)
    failed = 0
    for kind in kinds:
        begun, wrong = time.monotonic(), 0
        for fault in faults(kind, range(given.first, given.first + given.cases), given.folder / kind):
            wrong += 1
            sys.stdout.write(f"{shown(fault)}\n")
            sys.stdout.flush()
        took_s = time.monotonic() - begun
        sys.stderr.write(f"{kind}: {given.cases} cases, {wrong} faults, {took_s:.0f} s\n")
        failed += wrong
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
