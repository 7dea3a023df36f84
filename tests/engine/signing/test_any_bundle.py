"""Whatever lies in a repository gives a verdict: never a crash, and never trust."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from floe_engine.signing import bundle, simple_signing
from floe_engine.signing.trust import verify
from floe_engine.signing.verdict import Anchors, Identity
from tests.engine.signing.memory import REFERENCE, MemoryRepository
from tests.engine.signing.test_keyless import made_bundle, root_of
from tests.engine.signing.test_trust import attach_raw, base64_of, key_bundle, put_sig_layers, sig_layer
from tests.faults.sigstore_double import SUBJECT, SigstoreDouble

DIGEST = f"sha256:{'ab' * 32}"
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["AAAA", "MAA=", "99999999999999999999"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
SETTINGS = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def places(value, path=()):
    """The path of every value inside a JSON document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def put_at(document, path, value):
    """A copy of `document` with `value` at `path`."""
    if not path:
        return value
    document = copy.deepcopy(document)
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return document


@pytest.fixture(scope="module")
def good(key):
    """Good bundles of every kind, and whoever trusts all of them."""
    with SigstoreDouble() as sigstore:
        bundles = [
            key_bundle(DIGEST, key),
            made_bundle(sigstore, DIGEST),
            made_bundle(sigstore, DIGEST, rekor=2, tsa=True),
        ]
        anchors = Anchors(
            keys=(key.public,), identities=(Identity(SUBJECT, sigstore.url),), trust_root=root_of(sigstore)
        )
        yield bundles, anchors


@SETTINGS
@given(data=st.data())
def test_a_bundle_with_anything_anywhere_gives_a_verdict(good, data):
    bundles, anchors = good
    original = data.draw(st.sampled_from(bundles))
    path = data.draw(st.sampled_from(list(places(original))))
    altered = put_at(original, path, data.draw(JUNK))
    repository = MemoryRepository()
    attach_raw(repository, DIGEST, json.dumps(altered).encode())
    verdict = verify(repository, DIGEST, anchors)
    # Some places are free (a hint, an index that the proof repeats); what was signed is not.
    if "dsseEnvelope" in path or not path:
        assert verdict.status != "verified" or altered == original


@SETTINGS
@given(data=st.data())
def test_a_statement_with_anything_anywhere_gives_a_verdict(good, key, data):
    statement = json.loads(bundle.statement_for(DIGEST, {"a": "b"}))
    altered = put_at(statement, data.draw(st.sampled_from(list(places(statement)))), data.draw(JUNK))
    repository = MemoryRepository()
    attach_raw(repository, DIGEST, bundle.sign_with_key(json.dumps(altered).encode(), key))
    verdict = verify(repository, DIGEST, good[1])
    assert all(isinstance(value, str) for who in verdict.signers for value in who.annotations.values())


@SETTINGS
@given(data=st.data())
def test_a_payload_and_a_layer_with_anything_anywhere_give_a_verdict(good, key, data):
    repository = MemoryRepository()
    payload = json.loads(simple_signing.payload_for(DIGEST, REFERENCE, {"a": "b"}))
    payload = put_at(payload, data.draw(st.sampled_from(list(places(payload)))), data.draw(JUNK))
    raw = json.dumps(payload).encode()
    layer = sig_layer(repository, raw, base64_of(key.sign(raw)))
    layer = put_at(layer, data.draw(st.sampled_from(list(places(layer)))), data.draw(JUNK))
    put_sig_layers(repository, DIGEST, layer)
    assert verify(repository, DIGEST, good[1]).status in ("verified", "untrusted")


@SETTINGS
@given(raw=st.binary(max_size=200))
def test_any_bytes_give_a_verdict(good, raw):
    repository = MemoryRepository()
    attach_raw(repository, DIGEST, raw)
    assert verify(repository, DIGEST, good[1]).status == "untrusted"
