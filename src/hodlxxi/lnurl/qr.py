"""The QR code for browsers without script. The others draw it themselves: this costs as much as 250 signature checks."""

from __future__ import annotations

import asyncio
import io

import segno

_MASK = 4


async def draw_qr(text: str) -> bytes:
    """An SVG of the text, drawn in a thread."""
    return await asyncio.to_thread(_draw, text)


def _draw(text: str) -> bytes:
    out = io.BytesIO()
    # A fixed mask saves trying all eight; the lowest error level keeps the modules large.
    segno.make_qr(text, error="l", boost_error=False, mask=_MASK).save(
        out, kind="svg", border=4, scale=4, xmldecl=False, dark="#000", light="#fff"
    )
    return out.getvalue()
