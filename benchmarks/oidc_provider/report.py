"""The figures as a page."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median

from benchmarks.oidc_provider.measure import ACTORS, FLOWS, PER_ROUND, Results, ratio
from benchmarks.oidc_provider.sides import EMBEDDED, FULL, NODE_AT_LEAST, PEER
from hodlxxi import __version__
from tests.differential.peer import WITH_NODE, version
from tests.support.processes import ROOT

PATH = ROOT / "docs" / "benchmarks-oidc-provider.md"
HEAD = """\
# Benchmarks beside npm oidc-provider

`python -m benchmarks.oidc_provider --write` measures and writes this page. Three servers run at once, each with one
process, pinned to the same core; the load and the databases have the other one. In every round each request is
measured at each server, in an order that changes, with {actors} connections and {count} requests; a ratio is the
median over the rounds of our CPU by the peer's in the same round, so that a machine that gets slower or faster in
between changes no ratio much. Below 1 is cheaper than the peer.

- **oidc-provider** {peer} with its in-memory adapter, Node.js {node}, `NODE_ENV=production`: nothing is written to a
  disk and nothing outlives the process, nor are there an audit table, rate limits or metrics;
- **HODLXXI** {ours}, SQLite and in-process state: what `make run` starts; every code, token and audit row is on the
  disk;
- **HODLXXI** with PostgreSQL and Redis on the same machine. CPU of the databases is apart, and not in the ratio.

The requests are the same at all three, with the same keys: S256, `resource` (so that access tokens are JWTs at both),
rotating refresh tokens, and ID tokens in the algorithm of the access tokens. Introspection is of a token without
`resource`: the peer's is then a random text, as it cannot introspect its JWTs, while ours is a JWT whose signature is
checked. CPU is the servers' own, all threads, from `/proc`; latencies are at full load, so they are mostly waiting
for one another.

Where the difference comes from: the peer's figures are signatures and little else, as its adapter is a map. With RS256
a signature is about 0.3 ms of CPU at both. Ours adds a transaction: a statement through SQLAlchemy and its driver costs
0.15 to 0.2 ms, and there are four in client_credentials (client, token, audit; one to begin and end), six in a refresh
and nine in an authorization request, where session and consent are held until the code is written. On SQLite each
step of a statement is handed to a thread, which costs half as much again (decision record 0006).

Measured {day} on a machine with {cores} cores, Python {python}.
"""


def _node_version() -> str:
    env = {**os.environ, "NODE_AT_LEAST": str(NODE_AT_LEAST)}
    done = subprocess.run(
        [WITH_NODE, "node", "--version"], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().removeprefix("v")


def render(found: dict[str, tuple[Results, int]]) -> str:
    """The page: ``found`` are the figures and the rounds by algorithm."""
    head = HEAD.format(
        actors=ACTORS,
        count=PER_ROUND,
        peer=version(),
        node=_node_version(),
        ours=__version__,
        day=datetime.now(UTC).date(),
        cores=os.cpu_count(),
        python=platform.python_version(),
    )
    parts = ["\n".join(render_one(alg, results, rounds)) for alg, (results, rounds) in found.items()]
    return "\n".join([head, *parts])


def render_one(alg: str, results: Results, rounds: int) -> Iterator[str]:
    """The tables of one algorithm."""
    yield from (f"## {alg}, {rounds} rounds", "", "CPU per request in ms, and by the peer's:", "")
    yield f"| request | {PEER} | {EMBEDDED} | ratio | {FULL} | ratio | databases |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    measured = [flow for flow in FLOWS if (flow, PEER) in results]
    for flow in measured:
        peer, embedded, full = (median(results[flow, side].cpu_ms) for side in (PEER, EMBEDDED, FULL))
        databases = median(results[flow, FULL].database_cpu_ms)
        ratios = [ratio(results, flow, side) for side in (EMBEDDED, FULL)]
        yield (
            f"| {flow} | {peer:.2f} | {embedded:.2f} | **{ratios[0]:.2f}** "
            f"| {full:.2f} | **{ratios[1]:.2f}** | {databases:.2f} |"
        )
    yield from ("", f"Requests per second, and p50 / p95 / p99 in ms with {ACTORS} at once:", "")
    yield f"| request | {PEER} | {EMBEDDED} | {FULL} |"
    yield "|---|--:|--:|--:|"
    for flow in measured:
        cells = []
        for side in (PEER, EMBEDDED, FULL):
            figures = results[flow, side]
            shares = " / ".join(f"{figures.percentile(share):.1f}" for share in (0.5, 0.95, 0.99))
            cells.append(f"{median(figures.per_s):.0f}/s · {shares}")
        yield f"| {flow} | {' | '.join(cells)} |"
    yield ""
