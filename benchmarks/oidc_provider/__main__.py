"""``python -m benchmarks.oidc_provider``: ours on SQLite and on PostgreSQL + Redis beside npm ``oidc-provider``."""

from __future__ import annotations

import argparse
import asyncio

from benchmarks.oidc_provider import report
from benchmarks.oidc_provider.measure import Results, measure
from benchmarks.oidc_provider.sides import resident_mb, running

ALGS = ("RS256", "ES256")


def main() -> None:
    """Start everything, measure, stop everything; for one algorithm after the other."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=12, help="at most so many, after one to warm up")
    arguments.add_argument(
        "--seconds", type=float, default=120, help="at most so long for each algorithm; a round is finished"
    )
    arguments.add_argument("--alg", action="append", choices=ALGS, help="only this signing algorithm")
    arguments.add_argument("--write", action="store_true", help=f"write {report.PATH.name}")
    chosen = arguments.parse_args()
    found: dict[str, tuple[Results, int]] = {}
    for alg in chosen.alg or ALGS:
        with running(alg) as sides:
            found[alg] = asyncio.run(measure(sides, max(1, chosen.rounds), chosen.seconds))
            print("\n".join(report.render_one(alg, *found[alg])))
            memory = ", ".join(f"{side.name} {resident_mb(side.pids):.0f}" for side in sides)
            print(f"resident memory in MB at the end: {memory}\n", flush=True)
    if chosen.write:
        report.PATH.write_text(report.render(found), encoding="utf-8")


if __name__ == "__main__":
    main()
