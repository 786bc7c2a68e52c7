"""The OpenAPI document and the running server say the same (the document is a reviewed file)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route

from hodlxxi.app import create_app
from hodlxxi.ops.routes import OPENAPI
from tests.identity.site import make_settings
from tests.support.server import Server

DOCUMENT: dict[str, Any] = json.loads(OPENAPI.read_text())
CHECKS: list[Callable[..., Any]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 25


def test_every_route_is_described_and_everything_described_is_a_route() -> None:
    app = create_app(make_settings("sqlite:///nowhere.db"))
    served = {
        (route.path, method.lower())
        for route in app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    described = {(path, method) for path, item in DOCUMENT["paths"].items() for method in item}
    assert served - described == set(), "served, not described"
    assert described - served == set(), "described, not served"


def test_each_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for item in DOCUMENT["paths"].values() for operation in item.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_a_wrong_method_is_told_every_right_one(embedded_server: Server, path: str) -> None:
    answer = httpx.request("PATCH", embedded_server.url + path.replace("{", "").replace("}", ""))
    described = {method.upper() for method in DOCUMENT["paths"][path]}
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == described


schema = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def base_url(embedded_server: Server) -> str:
    assert httpx.get(f"{embedded_server.url}/openapi.json").json() == DOCUMENT
    return embedded_server.url


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_server_keeps_to_the_document(case: Any, base_url: str) -> None:
    response = case.call(base_url=base_url, timeout=20, allow_redirects=False)
    case.validate_response(response, checks=CHECKS)
