"""A published version as far as trust needs it: its image manifest and manifest.json, not yet believed.

Two requests where the eight files are ten. Whose signatures it has is the reader's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from floe_engine.artifact.model import PlatformManifest
from floe_engine.artifact.pack import CONFIG_TYPE, MAX_FILE, read_annotations, read_manifest
from floe_engine.artifact.paths import MANIFEST
from floe_engine.descriptor import Descriptor
from floe_engine.errors import IntegrityError, NotFound
from floe_engine.trust.verdict import Subject, check_tag
from floe_engine.typed import built
from floe_engine.versions import Version

if TYPE_CHECKING:
    from floe_engine.signing.repository import SignatureSource


class PublishedVersion(Struct, frozen=True):
    """One version: what its signatures are judged as, and what it says of itself."""

    subject: Subject
    platform: PlatformManifest
    image: bytes
    """The image manifest."""
    settings: bytes
    """manifest.json, as it is published."""


def read_published(source: SignatureSource, ref: str, where: str) -> PublishedVersion | None:
    """The version behind a tag or a digest; None where there is none that can be read.

    Anybody with push rights can put something there. Raises `RegistryError` where the registry fails.
    """
    try:
        image = source.manifest(ref)
        files = {file.path: file for file in read_manifest(image.raw, where=where)}
        subject = Subject.of(image.digest, read_annotations(image.raw, where=where), where=where)
        if Version.from_tag(ref) is not None:
            check_tag(subject, ref)
        entry = files[MANIFEST]
        settings = source.blob(Descriptor(CONFIG_TYPE, entry.digest, entry.size), MAX_FILE)
        platform = msgspec.json.decode(settings, type=built(PlatformManifest))
    except (IntegrityError, NotFound, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if (platform.metadata.name, platform.metadata.version) != (subject.name, subject.version):
        return None
    return PublishedVersion(subject, platform, image.raw, settings)
