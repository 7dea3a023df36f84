"""The client that sigstore-conformance asks: its command-line protocol over floe's own verifier.

    python -m tests.interop.sigstore_conformance verify-bundle [--staging] --bundle FILE
        (--key FILE | --certificate-identity ID --certificate-oidc-issuer URL)
        [--trusted-root FILE] FILE_OR_DIGEST

Exit code 0 where the bundle is good, 1 with the reason where it is not. floe signs artifacts in
registries and no files, so the file stands where an image manifest would, and the bundle is its
one referrer; attestations count as the suite counts them, as signatures of their own.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from floe_engine.descriptor import Descriptor
from floe_engine.errors import FloeError
from floe_engine.files import sha256_digest
from floe_engine.signing import bundle
from floe_engine.signing.keyless import TrustRoot
from floe_engine.signing.keys import load_public
from floe_engine.signing.trust import verify
from floe_engine.signing.verdict import Anchors, Identity, Signer
from tests.engine.signing.memory import MemoryRepository

STAGING = "tuf-repo-cdn.sigstage.dev"
BEACON = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"
    ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
"""Who has signed the suite's bundles that say nothing else."""
ISSUER = "https://token.actions.githubusercontent.com"


@dataclass(frozen=True)
class Case:
    """One directory of the suite's ``bundle-verify``: its name says whether the bundle is good."""

    directory: Path

    @property
    def good(self) -> bool:
        return not self.directory.name.endswith("_fail")

    @property
    def arguments(self) -> list[str]:
        """What the suite would say to a client."""

        def text(name: str, otherwise: str) -> str:
            file = self.directory / name
            return file.read_text().strip() if file.exists() else otherwise

        found = ["verify-bundle", "--bundle", str(self.directory / "bundle.sigstore.json")]
        if (key := self.directory / "key.pub").exists():
            found += ["--key", str(key)]
        else:
            found += ["--certificate-identity", text("identity", BEACON)]
            found += ["--certificate-oidc-issuer", text("issuer", ISSUER)]
        if (root := self.directory / "trusted_root.json").exists():
            found += ["--trusted-root", str(root)]
        artifact = self.directory / "artifact"
        return [*found, str(artifact if artifact.exists() else self.directory.parent / "a.txt")]


def problem(arguments: Sequence[str]) -> str:
    """Why the bundle does not count for whoever asks like this; empty where it does."""
    parser = argparse.ArgumentParser(prog="sigstore_conformance", exit_on_error=False)
    asked = parser.add_subparsers(dest="command", required=True).add_parser("verify-bundle")
    asked.add_argument("--staging", action="store_true")
    asked.add_argument("--bundle", type=Path, required=True)
    asked.add_argument("--key", type=Path)
    asked.add_argument("--certificate-identity")
    asked.add_argument("--certificate-oidc-issuer")
    asked.add_argument("--trusted-root", type=Path)
    asked.add_argument("artifact")
    options = parser.parse_args(arguments)
    root = TrustRoot.read(options.trusted_root) if options.trusted_root else None
    if root is None and options.staging:
        root = _staging()
    keys = (load_public(options.key.read_bytes()),) if options.key else ()
    if keys and options.certificate_identity:
        return "a bundle is verified by a key or by an identity, not by both"
    people = (
        (Identity(options.certificate_identity, options.certificate_oidc_issuer or ""),)
        if options.certificate_identity
        else ()
    )
    raw = options.bundle.read_bytes()
    digest, content = _artifact(options.artifact)
    repository = _Beside(digest, content, raw)
    anchors = Anchors(keys, people, trust_root=root)
    verdict = verify(repository, digest, anchors, exhaustive=True)
    if verdict.status == "verified":
        return ""
    outcomes = [outcome for _, outcome in bundle.attestations(repository, digest, anchors)]
    if any(isinstance(outcome, Signer) for outcome in outcomes):
        return ""
    reasons = [entry.reason for entry in verdict.rejected]
    reasons += [outcome.reason for outcome in outcomes if not isinstance(outcome, Signer)]
    return "; ".join(reasons) or "it holds no signature"


def _artifact(given: str) -> tuple[str, bytes | None]:
    """Digest and content of what was signed; of a digest alone nothing more is known."""
    if re.fullmatch(r"sha256:[0-9a-f]{64}", given) and not Path(given).exists():
        return given, None
    content = Path(given).read_bytes()
    return sha256_digest(content), content


def _staging() -> TrustRoot:
    import sigstore

    store = Path(sigstore.__file__).parent / "_store"
    file = next(path for path in store.glob("*/trusted_root.json") if STAGING in path.parent.name)
    return TrustRoot("the staging Sigstore", json.dumps(json.loads(file.read_text())))


class _Beside(MemoryRepository):
    """A file where an image manifest would be, and the bundle as its referrer."""

    def __init__(self, digest: str, content: bytes | None, raw: bytes) -> None:
        super().__init__()
        subject = Descriptor("application/octet-stream", digest, len(content or b""))
        if content is not None:
            self.push_manifest(content, subject.media_type, tag=None)
        self.attach(
            bundle.referrer(subject, self._blob(b"{}"), self._blob(raw), bundle.PREDICATE_TYPE), digest
        )
        # The suite's attestations are found by the other door, which asks for another predicate type.
        self.attach(bundle.referrer(subject, self._blob(b"{}"), self._blob(raw), "attested"), digest)

    def _blob(self, data: bytes):  # type: ignore[no-untyped-def]  # whatever `push_blob` gives
        return self.push_blob(data, bundle.MEDIA_TYPE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer as the protocol wants it."""
    try:
        reason = problem(sys.argv[1:] if arguments is None else arguments)
    except (FloeError, OSError, argparse.ArgumentError) as error:
        reason = str(error)
    if reason:
        print(reason, file=sys.stderr)
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())
