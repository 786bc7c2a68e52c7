"""What can be wrong with a request at the pages for developers."""

from __future__ import annotations

from collections.abc import Iterator

from tests.conformance.case import BAD_FORM, FORM, JSON, SIGNED_IN, Case

_FILLED = {**SIGNED_IN, **FORM}
_ONE = "/developers/apps/@client@"
_IDS = {
    "unknown": "app_nobody",
    "a NUL": "a%00b",
    "bad UTF-8": "%ff",
    "long": "a" * 1000,
    "not ASCII": "%C3%BC",
}


def developer_cases() -> Iterator[Case]:
    """Forms that cannot be read or are of nobody, apps that are somebody else's, answers that no trial waits for."""
    for path in ("/developers/new", *(f"{_ONE}/{what}" for what in ("edit", "secret", "delete", "test"))):
        for name, raw in BAD_FORM.items():
            # What can be read lacks the form's own token.
            statuses = (403,) if name == "repeated" else (400,)
            yield Case(f"{path} {name}", "POST", path, raw, _FILLED, statuses, "page")
        yield Case(f"{path} as JSON", "POST", path, b"{}", {**SIGNED_IN, **JSON}, (415,), "page")
        yield Case(f"{path} huge", "POST", path, b"a=" + b"x" * 70_000, _FILLED, (413,), "page")
        for name, body in {"no token": b"sure=yes", "a wrong token": b"sure=yes&csrf=x"}.items():
            yield Case(f"{path} with {name}", "POST", path, body, _FILLED, (403,), "page")
        for name, body in {"two tokens": b"csrf=a&csrf=b"}.items():
            yield Case(f"{path} with {name}", "POST", path, body, _FILLED, (400,), "page")
    for name, client_id in (*_IDS.items(), ("nobody's", "@client@")):
        for what in ("", "/edit", "/test"):
            path = f"/developers/apps/{client_id}{what}"
            yield Case(
                f"developers: {what or 'page'} of an app that is {name}",
                "GET",
                path,
                b"",
                SIGNED_IN,
                (404,),
                "page",
            )
    for path in ("/developers", "/developers/callback"):
        for name, query, statuses in (
            ("NUL", "said=%00&code=%00", (400,)),
            ("bad UTF-8", "said=%ff&code=%ff", (400,)),
            ("twice", "said=a&said=b&code=a&code=b", (400,)),
            ("long", f"said={'x' * 20_000}", (413,)),
            ("many fields", "&".join(f"f{n}=1" for n in range(300)), (400,)),
        ):
            yield Case(f"{path}: {name}", "GET", f"{path}?{query}", b"", SIGNED_IN, statuses, "page")
    for name, query in {
        "a code of nobody": "code=x&state=y&iss=z",
        "a state of the wrong shape": "code=x&state=app_x.y.z",
        "a state that we did not make": f"code=x&state=app_{'a' * 22}.{'b' * 22}.{'c' * 43}",
        "nothing": "",
    }.items():
        yield Case(
            f"developers' callback: {name}", "GET", f"/developers/callback?{query}", b"", {}, (200,), "any"
        )
