"""The ways to fail on purpose; anything else is a bug.

::

    Refusal
    ├── BadInput           what was sent cannot be understood; names the field
    ├── NotAuthenticated   nobody, or no longer, or not proved
    ├── Forbidden          known, but not allowed
    ├── NotFound
    ├── Conflict           understood, but the state of the world speaks against it
    ├── Unavailable        something that we depend on is away; try again
    └── TooMany            the rate limit; says when to come back

They know no HTTP status: the edges (``kit/web``, OAuth's and LNURL's envelopes) render them. The text is for the
person or developer who made the request: it says what to do next and never holds a secret.
"""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours
    """A failure on purpose.

    ``code`` is the machine's word (``error`` on the wire), ``text`` the sentence for people, ``field`` the name of the
    input that was wrong, if one was.
    """

    code = "refused"

    def __init__(self, text: str, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.field = field
        if code is not None:
            self.code = code


class BadInput(Refusal):
    """The request cannot be understood."""

    code = "invalid_request"


class NotAuthenticated(Refusal):
    """Nobody is signed in, or the proof did not hold."""

    code = "not_authenticated"


class Forbidden(Refusal):
    """Signed in, and not allowed."""

    code = "forbidden"


class NotFound(Refusal):
    """No such thing, or none that the caller may see."""

    code = "not_found"


class Conflict(Refusal):
    """The request is fine; what exists already speaks against it."""

    code = "conflict"


class Unavailable(Refusal):
    """A dependency is away. ``retry_after_s`` is a hint in seconds."""

    code = "temporarily_unavailable"

    def __init__(self, text: str, *, code: str | None = None, retry_after_s: int = 5) -> None:
        super().__init__(text, code=code)
        self.retry_after_s = retry_after_s


class TooMany(Refusal):
    """The rate limit was hit; ``retry_after_s`` seconds until the next try may succeed."""

    code = "rate_limited"

    def __init__(self, text: str, *, retry_after_s: int, limit: int = 0) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s
        self.limit = limit
