"""Reading what a client sent: forms and JSON objects, bounded, and named in the error when they are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request

from hodlxxi.kit.answers import TooLarge, WrongMediaType
from hodlxxi.kit.errors import BadInput

MAX_BODY_BYTES = 1_048_576
MAX_FORM_BYTES = 65_536
MAX_FIELDS = 100
MAX_JSON_DEPTH = 16
_FORM_TYPE = "application/x-www-form-urlencoded"


class Form:
    """The parameters of a query or a form. An empty value counts as absent (RFC 6749 §3.1)."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            if value:
                self._values.setdefault(name, []).append(value)

    def get(self, name: str) -> str | None:
        """The value, or None when absent or empty. Raises ``BadInput`` when it was sent more than once."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise BadInput(f"{name}: sent more than once.", field=name)
        return values[0]

    def get_all(self, name: str) -> list[str]:
        """Every value of a parameter that may repeat."""
        return list(self._values.get(name, ()))

    def names(self) -> list[str]:
        """The names of what was sent."""
        return list(self._values)

    def repeated(self) -> list[str]:
        """The names that were sent more than once."""
        return [name for name, values in self._values.items() if len(values) > 1]


def parse_pairs(raw: bytes) -> Form:
    """``application/x-www-form-urlencoded`` text. Invalid UTF-8, NUL and too many fields are ``BadInput``."""
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except UnicodeDecodeError:
        raise BadInput("The parameters are not valid UTF-8 in URL encoding.") from None
    except ValueError:
        raise BadInput(f"More than {MAX_FIELDS} parameters.") from None
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise BadInput("A parameter contains a NUL character.")
    return Form(pairs)


def read_query(request: Request, max_bytes: int = 16_384) -> Form:
    """The query's parameters."""
    raw: bytes = request.scope.get("query_string", b"")
    if len(raw) > max_bytes:
        raise TooLarge(f"The query is larger than {max_bytes} bytes.")
    return parse_pairs(raw)


async def read_form(request: Request, max_bytes: int = MAX_FORM_BYTES) -> Form:
    """A form body. No body at all is an empty one. Raises ``WrongMediaType``, ``TooLarge`` or ``BadInput``."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == _FORM_TYPE:
        return parse_pairs(await read_body(request, max_bytes))
    if kind or await read_body(request, max_bytes):
        raise WrongMediaType(f"Send the parameters as {_FORM_TYPE}.")
    return Form([])  # a client without parameters has nothing to name the type of


async def read_body(request: Request, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """The whole body, at most ``max_bytes``."""
    announced = request.headers.get("content-length", "")
    # ``isdigit`` would let "²" through, and ``int`` raises beyond some thousand digits.
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > max_bytes):
        raise TooLarge(f"The body is larger than {max_bytes} bytes.")
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > max_bytes:
                raise TooLarge(f"The body is larger than {max_bytes} bytes.")
            chunks.append(chunk)
    except ClientDisconnect:
        raise BadInput("The body ended early.") from None
    return b"".join(chunks)


async def read_json_object(request: Request, max_bytes: int = MAX_FORM_BYTES) -> dict[str, object]:
    """A JSON object. No body at all is an empty one. Raises ``WrongMediaType``, ``TooLarge`` or ``BadInput``."""
    raw = await read_body(request, max_bytes)
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if raw and kind != "application/json" and not kind.endswith("+json"):
        raise WrongMediaType("Send the body as application/json.")
    return parse_json_object(raw) if raw else {}


def parse_json_object(raw: bytes) -> dict[str, object]:
    """A JSON object with a bounded depth and without NUL or lone surrogates. Raises ``BadInput``."""
    parsed = parse_json(raw)
    if not isinstance(parsed, dict):
        raise BadInput("The body must be a JSON object.")
    return parsed


def parse_json(raw: bytes) -> object:
    """Any JSON value with a bounded depth and without NUL or lone surrogates. Raises ``BadInput``."""
    if _depth(raw) > MAX_JSON_DEPTH:
        raise BadInput(f"The JSON is nested deeper than {MAX_JSON_DEPTH} levels.")
    try:
        parsed: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise BadInput("The body is not valid JSON.") from None
    if b"\\u0000" in raw or b"\x00" in raw:
        raise BadInput("A text contains a NUL character.")
    if b"\\ud" in raw or b"\\uD" in raw:
        _check_encodable(parsed)
    return parsed


def _check_encodable(parsed: object) -> None:
    try:
        msgspec.json.encode(parsed)
    except (UnicodeEncodeError, ValueError):
        raise BadInput("A text contains a lone surrogate.") from None


def _depth(raw: bytes) -> int:
    if raw.count(b"[") + raw.count(b"{") <= MAX_JSON_DEPTH:
        return 0
    depth = deepest = 0
    in_text = escaped = False
    for byte in raw:
        if in_text:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_text = False
        elif byte == 0x22:
            in_text = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def text_field(
    body: Mapping[str, object], name: str, *, max_chars: int = 1000, required: bool = False
) -> str | None:
    """A text member of a JSON object; empty counts as absent. Raises ``BadInput`` that names the field."""
    value = body.get(name)
    if value is None or value == "":
        if required:
            raise BadInput(f"{name}: this field is needed.", field=name)
        return None
    if not isinstance(value, str):
        raise BadInput(f"{name}: a text is needed.", field=name)
    if len(value) > max_chars:
        raise BadInput(f"{name}: longer than {max_chars} characters.", field=name)
    return value


def needed_text(body: Mapping[str, object], name: str, *, max_chars: int = 1000) -> str:
    """Like ``text_field`` and required."""
    value = text_field(body, name, max_chars=max_chars, required=True)
    if value is None:
        raise BadInput(f"{name}: this field is needed.", field=name)
    return value
