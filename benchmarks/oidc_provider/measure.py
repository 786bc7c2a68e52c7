"""Rounds: in each, every request is measured at every server, in an order that changes from round to round."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import median

from benchmarks.oidc_provider import flows
from benchmarks.oidc_provider.sides import PEER, Actor, Side, cpu_seconds

Flow = Callable[[Actor], Awaitable[None]]
ACTORS = 8
# In each round every server has each request so many times in turn with the others, and so often in a turn. The peer keeps
# a thousand things in memory: more codes at once would push one another out.
TURNS, PER_TURN = 4, 5
PER_ROUND = ACTORS * TURNS * PER_TURN
FLOWS: dict[str, Flow] = {
    "client_credentials": flows.client_credentials,
    "authorize, agreed before": flows.authorize,
    "code exchange": flows.exchange,
    "refresh": flows.refresh,
    "introspection": flows.introspect,
}


@dataclass
class Figures:
    """One request at one server: a number per round, and every latency."""

    cpu_ms: list[float] = field(default_factory=list)
    database_cpu_ms: list[float] = field(default_factory=list)
    per_s: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """A percentile of the latencies."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


Results = dict[tuple[str, str], Figures]  # by request and server


def ratio(results: Results, flow: str, side: str) -> float:
    """Our CPU by the peer's: the median of the rounds, each of which measured both."""
    ours, theirs = results[flow, side].cpu_ms, results[flow, PEER].cpu_ms
    return median(a / b for a, b in zip(ours, theirs, strict=True))


async def measure(sides: list[Side], rounds: int, seconds: float) -> tuple[Results, int]:
    """The figures, and of how many rounds: ``rounds``, or fewer when the time is over. The first one only warms up."""
    results: Results = defaultdict(Figures)
    end = time.monotonic() + seconds
    done = 0
    for number in range(rounds + 1):
        if number > 1 and time.monotonic() > end:
            break
        turn = number % len(sides)
        found: Results = defaultdict(Figures) if number == 0 else results
        await _round(sides[turn:] + sides[:turn], found)
        done = number
    return results, done


async def _round(sides: list[Side], found: Results) -> None:
    actors = {side.name: [side.new_actor() for _ in range(ACTORS)] for side in sides}
    for name, flow in FLOWS.items():
        if flow is flows.introspect:
            for everybody in actors.values():
                await asyncio.gather(*(flows.get_introspected(actor) for actor in everybody))
        spent = {side.name: Spent() for side in sides}
        for _ in range(TURNS):
            for side in sides:
                await _take_turn(flow, side, actors[side.name], spent[side.name])
        for side in sides:
            spent[side.name].add_to(found[name, side.name])
    for everybody in actors.values():
        for actor in everybody:
            actor.connection.close()


@dataclass
class Spent:
    """What the turns of one round took."""

    cpu_s: float = 0.0
    database_cpu_s: float = 0.0
    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)

    def add_to(self, figures: Figures) -> None:
        """One more round."""
        count = len(self.latencies_s)
        figures.cpu_ms.append(1000 * self.cpu_s / count)
        figures.database_cpu_ms.append(1000 * self.database_cpu_s / count)
        figures.per_s.append(count / self.seconds)
        figures.latencies_ms += [1000 * latency for latency in self.latencies_s]


async def _take_turn(flow: Flow, side: Side, actors: list[Actor], spent: Spent) -> None:
    async def repeat(actor: Actor) -> None:
        for _ in range(PER_TURN):
            began = time.perf_counter()
            await flow(actor)
            spent.latencies_s.append(time.perf_counter() - began)

    cpu, database = cpu_seconds(side.pids), cpu_seconds(side.database_pids)
    began = time.perf_counter()
    await asyncio.gather(*(repeat(actor) for actor in actors))
    spent.seconds += time.perf_counter() - began
    spent.cpu_s += cpu_seconds(side.pids) - cpu
    spent.database_cpu_s += cpu_seconds(side.database_pids) - database
