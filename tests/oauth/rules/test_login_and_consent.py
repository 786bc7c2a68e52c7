"""Who is signed in, is it good enough, and have they agreed?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hodlxxi.oauth.rules.authorization import Destination
from hodlxxi.oauth.rules.claims import ACR_KEY, ACR_KEY_REMOTE, ACR_NONE, ACR_TWO_KEYS, AskedClaims
from hodlxxi.oauth.rules.consent import Agreed, Ask, Consent, judge_consent
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.login import Began, Login, NeedsSignIn, SignedIn, judge_login
from tests.oauth.rules.sample import MINUTE, NOW, PUBKEY, client, request

OTHER = "03" + "cd" * 32


def login(**changes: Any) -> Login:
    fields = {
        "user_id": PUBKEY,
        "session_id": "old",
        "auth_time": NOW - 10 * MINUTE,
        "acr": ACR_KEY,
        "amr": ("pop",),
    }
    return Login(**fields | changes)


def fresh(**changes: Any) -> Login:
    return login(**{"session_id": "new", "auth_time": NOW + MINUTE} | changes)


BEGAN = Began(at=NOW, session_id="old")


def judged(who: Login | None, hinted: str | None = None, **changes: Any) -> SignedIn | NeedsSignIn | Fault:
    return judge_login(request(**changes), who, BEGAN, NOW + 2 * MINUTE, hinted)


def prompt(*words: str) -> frozenset[str]:
    return frozenset(words)


@pytest.mark.parametrize(
    ("who", "changes"),
    [
        pytest.param(login(), {}, id="a session"),
        pytest.param(login(), {"prompt": prompt("none")}, id="silently"),
        pytest.param(login(), {"max_age_s": 10_000}, id="young enough"),
        pytest.param(login(), {"hinted": PUBKEY}, id="the hinted one"),
        pytest.param(login(), {"acr_values": (ACR_TWO_KEYS,)}, id="a wish for a class is no condition"),
        pytest.param(
            login(), {"claims": AskedClaims(essential_acr=(ACR_KEY_REMOTE,))}, id="stronger than needed"
        ),
        pytest.param(fresh(), {"prompt": prompt("login")}, id="signed in for this request"),
        pytest.param(
            fresh(), {"prompt": prompt("select_account", "consent")}, id="account chosen for this request"
        ),
        pytest.param(fresh(), {"max_age_s": 0}, id="max_age 0 satisfied"),
        pytest.param(fresh(), {"max_age_s": 1}, id="slow at the consent page"),
        pytest.param(fresh(auth_time=NOW), {"max_age_s": 0}, id="in the same instant"),
    ],
)
def test_a_sign_in_is_good_enough(who: Login, changes: dict[str, Any]) -> None:
    assert isinstance(judged(who, **changes), SignedIn)


@pytest.mark.parametrize(
    ("who", "changes"),
    [
        pytest.param(None, {}, id="nobody"),
        pytest.param(login(), {"prompt": prompt("login")}, id="prompt=login"),
        pytest.param(login(), {"prompt": prompt("select_account")}, id="prompt=select_account"),
        pytest.param(login(), {"prompt": prompt("create")}, id="prompt=create"),
        pytest.param(login(), {"max_age_s": 0}, id="max_age=0"),
        pytest.param(login(), {"max_age_s": 60}, id="too old"),
        pytest.param(login(), {"hinted": OTHER}, id="another user"),
        pytest.param(login(), {"claims": AskedClaims(sub=OTHER)}, id="another user by claims"),
        pytest.param(login(), {"claims": AskedClaims(essential_acr=(ACR_TWO_KEYS,))}, id="too weak"),
        pytest.param(
            login(session_id="new"), {"prompt": prompt("login")}, id="an older session brought along"
        ),
    ],
)
def test_a_sign_in_is_needed_and_refused_where_no_page_may_be_shown(who: Login | None, changes: Any) -> None:
    assert isinstance(judged(who, **changes), NeedsSignIn)
    if "prompt" not in changes:
        silent = judged(who, **changes | {"prompt": prompt("none")})
        assert isinstance(silent, Fault)
        assert silent.word is Word.LOGIN_REQUIRED


def test_nobody_is_sent_round_in_circles() -> None:
    wrong_person = judged(fresh(user_id=OTHER), hinted=PUBKEY)
    too_weak = judged(fresh(acr=ACR_KEY_REMOTE), claims=AskedClaims(essential_acr=(ACR_KEY,)))
    impossible = judged(login(), claims=AskedClaims(essential_acr=()))
    assert isinstance(wrong_person, Fault)
    assert wrong_person.word is Word.LOGIN_REQUIRED
    for verdict in (too_weak, impossible):
        assert isinstance(verdict, Fault)
        assert verdict.word is Word.UNMET_AUTHENTICATION_REQUIREMENTS


@pytest.mark.parametrize(
    ("have", "wanted", "reported"),
    [
        (ACR_KEY, (), ACR_KEY),
        (ACR_KEY, (ACR_TWO_KEYS, ACR_KEY_REMOTE), ACR_KEY_REMOTE),
        (ACR_KEY, (ACR_TWO_KEYS,), ACR_KEY),
        (ACR_NONE, (ACR_KEY,), ACR_NONE),
        (ACR_KEY, ("urn:other",), ACR_KEY),
    ],
)
def test_the_reported_class_is_true(have: str, wanted: tuple[str, ...], reported: str) -> None:
    verdict = judged(login(acr=have), acr_values=wanted)
    assert isinstance(verdict, SignedIn)
    assert verdict.acr == reported


REMEMBERED = Consent(frozenset({"openid", "profile:read"}))
LOOPBACK = Destination("http://127.0.0.1:51004/cb")
WANTS_OFFLINE = ("openid", "offline_access")


def test_a_remembered_consent_needs_no_click() -> None:
    assert judge_consent(request(), client(), REMEMBERED) == Agreed(("openid", "profile:read"))
    assert judge_consent(request(prompt=prompt("none")), client(), REMEMBERED) == Agreed(
        ("openid", "profile:read")
    )


@pytest.mark.parametrize(
    ("changes", "remembered"),
    [
        pytest.param({}, None, id="never asked"),
        pytest.param({"scopes": ("openid", "chat")}, REMEMBERED, id="more than remembered"),
        pytest.param({"scopes": WANTS_OFFLINE}, REMEMBERED, id="offline_access is new"),
        pytest.param({"prompt": prompt("consent")}, REMEMBERED, id="prompt=consent"),
        pytest.param({"claims": AskedClaims(userinfo=("name",))}, REMEMBERED, id="a claim is new"),
    ],
)
def test_otherwise_the_user_is_asked(changes: dict[str, Any], remembered: Consent | None) -> None:
    assert isinstance(judge_consent(request(**changes), client(), remembered), Ask)


def test_without_a_page_consent_is_required_but_offline_access_is_only_left_out() -> None:
    refused = judge_consent(request(prompt=prompt("none")), client(), None)
    assert isinstance(refused, Fault)
    assert refused.word is Word.CONSENT_REQUIRED
    silent = request(prompt=prompt("none"), scopes=WANTS_OFFLINE)
    assert judge_consent(silent, client(), REMEMBERED) == Agreed(("openid",))
    both = Consent(frozenset(WANTS_OFFLINE))
    assert judge_consent(silent, client(), both) == Agreed(WANTS_OFFLINE)


def test_a_public_client_that_anybody_could_pose_as_is_asked_every_time() -> None:
    public = client("http://127.0.0.1/cb", auth_method="none", application_type="native")
    assert isinstance(judge_consent(request(destination=LOOPBACK), public, REMEMBERED), Ask)
    silent = judge_consent(request(destination=LOOPBACK, prompt=prompt("none")), public, REMEMBERED)
    assert isinstance(silent, Fault)
    assert silent.word is Word.CONSENT_REQUIRED
    spa = client(auth_method="none")
    assert isinstance(judge_consent(request(), spa, REMEMBERED), Agreed)


def test_time_is_compared_in_seconds_of_age() -> None:
    exactly = login(auth_time=NOW + 2 * MINUTE - timedelta(seconds=60))
    assert isinstance(judged(exactly, max_age_s=60), SignedIn)
    assert isinstance(judged(exactly, max_age_s=59), NeedsSignIn)
