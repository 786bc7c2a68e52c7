"""The numbers that operators graph: present from the start, bounded in their labels, and never in the way."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from hodlxxi.kit.metrics import Metrics

SRC = Path(__file__).resolve().parents[2] / "src"


async def _samples(metrics: Metrics) -> dict[str, float]:
    text = (await metrics.render()).decode()
    return {
        sample.name + "".join(f"|{k}={v}" for k, v in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_what_is_counted_is_rendered() -> None:
    metrics = Metrics()
    metrics.count("logins", method="message", outcome="success")
    metrics.count("logins", method="message", outcome="success")
    metrics.count("swept_rows", 7, table="sessions")
    metrics.count("chat_messages")
    metrics.set_pool_in_use(3)
    found = await _samples(metrics)
    assert found["hodlxxi_logins_total|method=message|outcome=success"] == 2
    assert found["hodlxxi_swept_rows_total|table=sessions"] == 7
    assert found["hodlxxi_chat_messages_total"] == 1
    assert found["hodlxxi_db_pool_in_use"] == 3
    assert found["hodlxxi_active_websockets"] == 0


async def test_requests_are_measured_by_route_and_class_of_status() -> None:
    metrics = Metrics()
    metrics.observe_request("GET", "/login", 200, 0.002)
    metrics.observe_request("GET", "/login", 204, 0.2)
    metrics.observe_request("POST", "/login", 500, 3)
    found = await _samples(metrics)
    labels = "|method=GET|route=/login|status=2xx"
    assert found["hodlxxi_http_request_seconds_count" + labels] == 2
    assert found["hodlxxi_http_request_seconds_bucket|le=0.0025" + labels] == 1
    assert found["hodlxxi_http_request_seconds_count|method=POST|route=/login|status=5xx"] == 1


async def test_made_up_methods_do_not_grow_the_labels() -> None:
    metrics = Metrics()
    for number in range(100):
        metrics.observe_request(f"METHOD{number}", "unmatched", 405, 0.001)
    text = (await metrics.render()).decode()
    assert text.count("hodlxxi_http_request_seconds_count{") == 1
    assert "METHOD" not in text


async def test_a_gauge_is_asked_at_each_scrape() -> None:
    metrics = Metrics()
    values = iter([1.0, 2.0])

    async def ask() -> float:
        return next(values)

    metrics.gauge("hodlxxi_oauth_tokens_active", "Live tokens", ask)
    assert (await _samples(metrics))["hodlxxi_oauth_tokens_active"] == 1
    assert (await _samples(metrics))["hodlxxi_oauth_tokens_active"] == 2


async def test_a_gauge_that_breaks_or_hangs_is_left_out_and_the_rest_is_rendered() -> None:
    metrics = Metrics()

    async def broken() -> float:
        raise OSError("the database is away")

    async def hanging() -> float:
        await asyncio.Event().wait()
        return 0

    async def fine() -> float:
        return 5

    metrics.gauge("hodlxxi_broken", "x", broken)
    metrics.gauge("hodlxxi_hanging", "x", hanging)
    metrics.gauge("hodlxxi_fine", "x", fine)
    async with asyncio.timeout(20):
        found = await _samples(metrics)
    assert found["hodlxxi_fine"] == 5
    assert "hodlxxi_broken" not in found
    assert "hodlxxi_hanging" not in found


_WORKER = """
import asyncio, os, sys
from hodlxxi.kit.metrics import Metrics
metrics = Metrics(multiprocess=True)
metrics.count("logins", 2, method="message", outcome="success")
metrics.observe_request("GET", "/login", 200, 0.002)
print(asyncio.run(metrics.render()).decode())
"""


def test_the_counts_of_several_workers_are_summed(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SRC), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", _WORKER], env=env, capture_output=True, text=True, check=True
        )
    assert 'hodlxxi_logins_total{method="message",outcome="success"} 6.0' in done.stdout
    assert 'hodlxxi_http_request_seconds_count{method="GET",route="/login",status="2xx"} 3.0' in done.stdout
