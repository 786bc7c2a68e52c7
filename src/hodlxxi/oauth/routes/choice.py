"""The scopes on a page where people choose, and what they chose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hodlxxi.kit.body import Form
from hodlxxi.oauth.rules.scopes import OPENID, Scope


def shown_scopes(scopes: Iterable[Scope], ticked: frozenset[str]) -> list[dict[str, Any]]:
    """A box for each. Who signs in says who they are: that one cannot be unticked."""
    return [
        {
            "name": scope.name,
            "text": scope.text,
            "warning": scope.warning,
            "fixed": scope.name == OPENID,
            "ticked": scope.name in ticked,
        }
        for scope in scopes
    ]


def chosen_scopes(form: Form) -> frozenset[str] | None:
    """The ticked scopes. None for a form without any, unless ``choice`` says that there were some to tick."""
    ticked = frozenset(name for value in form.get_all("scope") for name in value.split())
    return ticked if ticked or form.get("choice") is not None else None
