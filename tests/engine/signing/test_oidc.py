"""Signing in with a browser, at the loopback Sigstore's issuer. The browser is `requests`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from floe_engine.errors import Cancelled, RegistryUnreachable, TrustError
from floe_engine.events import CancelToken
from floe_engine.signing.oidc import Invitation, SignIn, browser_token, claimed
from tests.faults.sigstore_double import SUBJECT, SigstoreDouble


@pytest.fixture
def sigstore() -> Iterator[SigstoreDouble]:
    with SigstoreDouble() as running:
        yield running


def visiting(act: Callable[[Invitation], object], gone: list[str] | None = None) -> SignIn:
    """A person who does `act` with the invitation, in a thread of its own as a browser is."""

    @contextmanager
    def show(invitation: Invitation) -> Iterator[None]:
        thread = threading.Thread(target=act, args=(invitation,))
        thread.start()
        try:
            yield
        finally:
            thread.join(10)
            if gone is not None:
                gone.append("taken away")

    return show


def browse(invitation: Invitation) -> requests.Response:
    return requests.get(invitation.link, timeout=10)


def test_whoever_follows_the_link_signs_in(sigstore: SigstoreDouble) -> None:
    pages = []
    token = browser_token(sigstore.url, visiting(lambda it: pages.append(browse(it))), CancelToken())
    who = claimed(token)
    assert who is not None
    assert (who.identity, who.issuer) == (SUBJECT, sigstore.url)
    assert "Go back to floe" in pages[0].text
    assert token not in pages[0].text


def test_the_link_may_be_opened_twice(sigstore: SigstoreDouble) -> None:
    def twice(invitation: Invitation) -> None:
        requests.get(invitation.link, timeout=10, allow_redirects=False)
        browse(invitation)

    assert claimed(browser_token(sigstore.url, visiting(twice), CancelToken())) is not None


def test_a_browser_on_another_machine_shows_a_code_that_is_typed(sigstore: SigstoreDouble) -> None:
    def elsewhere(invitation: Invitation) -> None:
        page = requests.get(invitation.elsewhere, timeout=10).text
        invitation.code = f" {page.removeprefix('<p>').removesuffix('</p>')}\n"

    assert claimed(browser_token(sigstore.url, visiting(elsewhere), CancelToken())) is not None


def test_a_page_that_guesses_the_port_signs_nobody_in(sigstore: SigstoreDouble) -> None:
    answers = []

    def forged(invitation: Invitation) -> None:
        callback = f"{invitation.link}/auth/callback"
        answers.append(requests.get(f"{callback}?code=stolen&state=guessed", timeout=10).status_code)
        answers.append(requests.get(f"{callback}?code=stolen&state=%C3%A9%FF", timeout=10).status_code)
        answers.append(requests.get(f"{callback}?code=stolen", timeout=10).status_code)
        browse(invitation)

    assert claimed(browser_token(sigstore.url, visiting(forged), CancelToken())) is not None
    assert answers == [404, 404, 404]


def test_whoever_the_issuer_turns_away_is_told_so(sigstore: SigstoreDouble) -> None:
    sigstore.visitor = ""
    gone: list[str] = []
    with pytest.raises(TrustError, match="did not let you sign in") as refused:
        browser_token(sigstore.url, visiting(browse, gone), CancelToken())
    assert "access_denied" in refused.value.message
    assert gone == ["taken away"]


def test_a_code_that_is_none_is_refused(sigstore: SigstoreDouble) -> None:
    def mistyped(invitation: Invitation) -> None:
        invitation.code = "nonsense"

    with pytest.raises(TrustError, match="did not let you sign in"):
        browser_token(sigstore.url, visiting(mistyped), CancelToken())


def test_declining_and_stopping_end_the_waiting_at_once(sigstore: SigstoreDouble) -> None:
    def decline(invitation: Invitation) -> None:
        invitation.declined = True

    cancel = CancelToken()
    for act in (decline, lambda invitation: cancel.cancel()):
        gone: list[str] = []
        with pytest.raises(Cancelled):
            browser_token(sigstore.url, visiting(act, gone), cancel)
        assert gone == ["taken away"]


def test_nobody_who_signs_in_is_given_up_on(
    sigstore: SigstoreDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("floe_engine.signing.oidc.SECONDS_TO_SIGN_IN", 0.2)
    with pytest.raises(TrustError, match="nobody signed in"):
        browser_token(sigstore.url, visiting(lambda invitation: None), CancelToken())


def test_an_issuer_that_is_away_or_not_private_is_said_before_anything_is_shown() -> None:
    with SigstoreDouble() as sigstore:
        url = sigstore.url
    with pytest.raises(RegistryUnreachable, match="does not answer"):
        browser_token(url, visiting(browse), CancelToken())
    with pytest.raises(TrustError, match="https"):
        browser_token("http://issuer.test", visiting(browse), CancelToken())


def test_a_token_that_does_not_hold_names_nobody(sigstore: SigstoreDouble) -> None:
    assert claimed("no token") is None
    assert claimed(sigstore.token(ttl=-60)) is None
    assert claimed(sigstore.token(aud="somebody else")) is None
