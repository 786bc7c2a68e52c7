"""Differences with introspection, devices and signing out."""

from __future__ import annotations

from tests.differential.reason import Reason, names

ENDING_REASONS = [
    Reason(
        "Who may introspect",
        "RFC 7662 §2.1 demands authorization, and a public client cannot prove anything.",
        {"200 active": ("introspect: a public client",)},
    ),
    Reason(
        "An ID token is no token to ask about",
        "RFC 7662 §2.2: what is not an active token of this server is `active: false`, whatever it is.",
        {"400: unsupported_token_type": ("introspect: an ID token",)},
    ),
    Reason(
        "A device that polls too fast",
        "`slow_down` (RFC 8628 §3.5), and the interval grows by 5 seconds; the peer lets it poll.",
        {"400: authorization_pending": ("token: device, too early, twice at once",)},
    ),
    Reason(
        "Signing out without a question",
        "An app that holds an ID token of this very session may end it; asking again would only annoy (RP-Initiated Logout "
        "§2 leaves it open). Everything else is asked, with both.",
        {
            "asks, redirect: goodbye": names(
                "logout: ", "hint and address", "hint, address and state", "by POST"
            ),
            "asks, page: logged-out": names("logout: ", "hint alone", "hint and client_id"),
        },
    ),
    Reason(
        "A mistake in a request to sign out",
        "Neither redirects. Ours says what is wrong and offers to sign out all the same: the person wanted to leave. The "
        "peer shows an error and leaves them signed in, or drops the address without a word.",
        {
            "page 400: invalid_request": names(
                "logout: ",
                "hint and another client_id",
                "hint of another app",
                "altered hint",
                "hint that is none",
                "another address",
                "a redirect_uri",
                "an address with a query more",
            ),
            "page 400: invalid_client": ("logout: address and unknown client_id",),
            "asks, page: logged-out": ("logout: address without a hint",),
        },
    ),
]
