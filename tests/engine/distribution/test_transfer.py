"""A version moved whole: copied, exported, imported; and archives that somebody tampered with."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.distribution.transfer import copy_version, export_version, import_versions
from floe_engine.distribution.verify import verify_version
from floe_engine.errors import (
    ConfigurationError,
    FloeError,
    IntegrityError,
    NotFound,
    UsageError,
    VersionExists,
)
from floe_engine.platform.sign_version import sign_version
from floe_engine.platform.signing_key import SigningOptions
from tests.teams import DataTeam, PlatformTeam, manifest, new_key


@pytest.fixture
def elsewhere(tmp_path: Path) -> str:
    return f"oci-layout:{tmp_path / 'registry' / 'production'}"


@pytest.fixture
def archive(platform: PlatformTeam, key: Path, tmp_path: Path) -> Path:
    """An exported v1.0.0, signed by `key`."""
    platform.publish("1.0.0", key=key)
    file = tmp_path / "v1.0.0.tar"
    export_version(platform.workspace, file, "v1.0.0")
    return file


def verdict(platform: PlatformTeam, where: str, key: Path) -> str:
    found = verify_version(platform.workspace, f"{where}:v1.0.0", keys=[str(key.with_suffix(".pub"))])
    assert {signer.format for signer in found.verdict.signers} == {"bundle", "simple-signing"}
    return found.digest


def test_a_copy_has_the_digest_and_every_signature(platform: PlatformTeam, key: Path, elsewhere: str) -> None:
    published = platform.publish("1.0.0", key=key)
    done = copy_version(platform.workspace, "v1.0.0", elsewhere)
    assert (done.tag, done.digest, done.signatures, done.changed) == ("v1.0.0", published.digest, 2, True)
    assert verdict(platform, elsewhere, key) == published.digest


def test_copying_again_adds_only_signatures_that_are_missing(
    platform: PlatformTeam, key: Path, elsewhere: str
) -> None:
    platform.publish("1.0.0")
    assert copy_version(platform.workspace, "v1.0.0", elsewhere).signatures == 0
    sign_version(platform.workspace, "v1.0.0", options=SigningOptions(keys=(str(key),)))
    again = copy_version(platform.workspace, "v1.0.0", f"{elsewhere}:v1.0.0")
    assert (again.changed, again.signatures) == (False, 2)
    verdict(platform, elsewhere, key)


def test_signatures_that_the_target_has_of_its_own_stay(
    platform: PlatformTeam, key: Path, elsewhere: str
) -> None:
    platform.publish("1.0.0", key=key)
    copy_version(platform.workspace, "v1.0.0", elsewhere)
    second = new_key(key.with_name("release.key"))
    sign_version(platform.workspace, f"{elsewhere}:v1.0.0", options=SigningOptions(keys=(str(second),)))
    copy_version(platform.workspace, "v1.0.0", elsewhere)
    verdict(platform, elsewhere, key)
    verdict(platform, elsewhere, second)


def test_other_content_in_the_target_is_never_replaced(
    platform: PlatformTeam, elsewhere: str, tmp_path: Path
) -> None:
    platform.publish("1.0.0")
    other = PlatformTeam(tmp_path / "other", elsewhere)
    published = other.publish("1.0.0", text=manifest(coverage=95))
    with pytest.raises(VersionExists):
        copy_version(platform.workspace, "v1.0.0", elsewhere)
    assert other.repository.resolve("v1.0.0").digest == published.digest


def test_a_copy_keeps_the_tag(platform: PlatformTeam, elsewhere: str) -> None:
    digest = platform.publish("1.0.0").digest
    with pytest.raises(UsageError, match="keeps the version's tag"):
        copy_version(platform.workspace, "v1.0.0", f"{elsewhere}:v2.0.0")
    assert copy_version(platform.workspace, digest, elsewhere).tag == "v1.0.0"


def test_a_range_copies_the_highest_version(platform: PlatformTeam, elsewhere: str) -> None:
    platform.publish("1.0.0")
    platform.publish("1.1.0")
    assert copy_version(platform.workspace, "v1.*.*", elsewhere).tag == "v1.1.0"


def test_a_tag_that_lies_about_its_version_is_not_promoted(platform: PlatformTeam, elsewhere: str) -> None:
    platform.publish("1.0.0")
    platform.retag("v1.0.0", "v9.0.0")
    with pytest.raises(IntegrityError, match="disagree about the version"):
        copy_version(platform.workspace, "v9.0.0", elsewhere)


def test_a_version_goes_through_a_file_unchanged(
    platform: PlatformTeam, archive: Path, key: Path, elsewhere: str
) -> None:
    (done,) = import_versions(platform.workspace, archive, elsewhere)
    assert done.digest == platform.repository.resolve("v1.0.0").digest == verdict(platform, elsewhere, key)
    (again,) = import_versions(platform.workspace, archive, elsewhere)
    assert again.changed is False


def test_exporting_twice_writes_the_same_bytes(platform: PlatformTeam, archive: Path) -> None:
    before = archive.read_bytes()
    export_version(platform.workspace, archive, "v1.0.0")
    assert archive.read_bytes() == before


def test_without_a_version_it_is_the_locked_one_that_is_exported(
    platform: PlatformTeam, data: DataTeam, tmp_path: Path
) -> None:
    platform.publish("1.0.0")
    data.pin("v1.*.*")
    data.pull_pinned()
    platform.publish("1.1.0")
    assert export_version(data.workspace, tmp_path / "pinned.tar").tag == "v1.0.0"
    bare = DataTeam(tmp_path / "bare", platform.registry)
    with pytest.raises(UsageError, match="nothing is pinned"):
        export_version(bare.workspace, tmp_path / "nothing.tar")


def test_an_import_takes_every_version_and_no_other_tag(
    platform: PlatformTeam, elsewhere: str, tmp_path: Path
) -> None:
    from floe_engine.registry.layout_archive import pack_layout

    platform.publish("1.0.0")
    platform.publish("1.1.0")
    platform.retag("v1.0.0", "latest")
    file = tmp_path / "all.tar"
    file.write_bytes(pack_layout(Path(platform.registry.removeprefix("oci-layout:"))))
    done = import_versions(platform.workspace, file, elsewhere)
    assert [entry.tag for entry in done] == ["v1.0.0", "v1.1.0"]
    with pytest.raises(UsageError, match="without tag"):
        import_versions(platform.workspace, file, f"{elsewhere}:v1.0.0")


# --- archives from outside ---------------------------------------------------------------------


def rewritten(archive: Path, change: Callable[[tarfile.TarFile], None], *, keep: bool = True) -> Path:
    """The archive's members, and what `change` adds to them."""
    buffer = io.BytesIO()
    with tarfile.open(archive) as old, tarfile.open(fileobj=buffer, mode="w") as new:
        for member in old if keep else ():
            new.addfile(member, old.extractfile(member))
        change(new)
    file = archive.with_name("hostile.tar")
    file.write_bytes(buffer.getvalue())
    return file


def member(name: str, content: bytes = b"", **fields: object) -> Callable[[tarfile.TarFile], None]:
    def add(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        for field, value in fields.items():
            setattr(info, field, value)
        archive.addfile(info, io.BytesIO(content))

    return add


BLOB = f"blobs/sha256/{'a' * 64}"


@pytest.mark.parametrize(
    "hostile",
    [
        member("../evil", b"x"),
        member("/tmp/evil", b"x"),
        member("blobs/sha256/../../../evil", b"x"),
        member("blobs/sha256/..", b"x"),
        member("evil.sh", b"x"),
        member("\x1b[2Jevil", b"x"),
        member("index.json", b"{}"),
        member(BLOB, type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        member(BLOB, type=tarfile.LNKTYPE, linkname="index.json"),
        member(BLOB, type=tarfile.CHRTYPE),
        member(BLOB, type=tarfile.FIFOTYPE),
        member("blobs", type=tarfile.SYMTYPE, linkname="/tmp"),
        member("etc", type=tarfile.DIRTYPE),
    ],
    ids=lambda add: "",
)
def test_an_archive_with_anything_but_a_layout_in_it_is_refused(
    platform: PlatformTeam, archive: Path, elsewhere: str, hostile: Callable[[tarfile.TarFile], None]
) -> None:
    with pytest.raises(IntegrityError) as refused:
        import_versions(platform.workspace, rewritten(archive, hostile), elsewhere)
    assert refused.value.exit_code == 5
    assert "\x1b" not in str(refused.value)
    assert not Path(elsewhere.removeprefix("oci-layout:")).exists()
    assert not list(archive.parent.rglob("evil*"))


def test_an_altered_blob_in_an_archive_is_refused(
    platform: PlatformTeam, archive: Path, elsewhere: str
) -> None:
    archive.write_bytes(archive.read_bytes().replace(b'"minimum_test_coverage"', b'"minimum_test_coverbge"'))
    with pytest.raises(IntegrityError):
        import_versions(platform.workspace, archive, elsewhere)


def bomb_of_headers(file: Path) -> None:
    """A chain of extended headers, each of which makes `tarfile` read the next one inside."""
    header = tarfile.TarInfo("./PaxHeaders/x")
    header.type = tarfile.XHDTYPE
    header.size = 0
    file.write_bytes(header.tobuf() * 20_000)


def bomb_of_holes(file: Path) -> None:
    """A sparse file that is small in the archive and has a gigabyte outside of it."""
    info = tarfile.TarInfo(BLOB)
    info.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.realsize": str(1 << 30),
        "GNU.sparse.name": BLOB,
    }
    content = b"1\n0\n1\n".ljust(512, b"\0") + b"x".ljust(512, b"\0")
    info.size = len(content)
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(content))


def bomb_of_zeros(file: Path) -> None:
    with gzip.open(file, "wb", compresslevel=1) as stream:
        for _ in range(200):
            stream.write(b"\0" * (1 << 20))


def too_large(file: Path) -> None:
    with file.open("wb") as stream:
        stream.truncate(65 << 20)


def many_members(file: Path) -> None:
    with tarfile.open(file, "w") as archive:
        for number in range(2100):
            archive.addfile(tarfile.TarInfo(f"blobs/sha256/{number:064x}"))


@pytest.mark.parametrize("make", [bomb_of_headers, bomb_of_holes, bomb_of_zeros, too_large, many_members])
def test_a_bomb_is_refused_without_being_unpacked(
    platform: PlatformTeam, elsewhere: str, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    platform.directory.mkdir()
    file = tmp_path / "bomb.tar"
    make(file)
    with pytest.raises((IntegrityError, ConfigurationError)):
        import_versions(platform.workspace, file, elsewhere)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04", b"\x1f\x8b\x08"])
def test_a_file_that_is_no_archive_is_refused(
    platform: PlatformTeam, elsewhere: str, tmp_path: Path, content: bytes
) -> None:
    platform.directory.mkdir()
    file = tmp_path / "file.tar"
    file.write_bytes(content)
    with pytest.raises(IntegrityError, match="not an OCI image layout"):
        import_versions(platform.workspace, file, elsewhere)


def test_a_file_that_is_not_there_is_said_so(platform: PlatformTeam, tmp_path: Path) -> None:
    platform.directory.mkdir()
    with pytest.raises(ConfigurationError, match="not found"):
        import_versions(platform.workspace, tmp_path / "absent.tar")


@pytest.mark.parametrize(
    "index",
    [b"{", b"[]", b'{"schemaVersion": 2}', b'{"schemaVersion": 2, "manifests": [{"digest": "sha256:x"}]}'],
)
def test_an_index_that_is_none_is_refused(
    platform: PlatformTeam, archive: Path, elsewhere: str, index: bytes
) -> None:
    hostile = rewritten(archive, member("index.json", index), keep=False)
    with pytest.raises(FloeError):
        import_versions(platform.workspace, hostile, elsewhere)


def test_a_layout_with_another_tool_s_artifact_is_no_version(
    platform: PlatformTeam, archive: Path, elsewhere: str
) -> None:
    raw = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.empty.v1+json",
                "digest": f"sha256:{'a' * 64}",
                "size": 2,
            },
            "layers": [],
        }
    ).encode()
    from floe_engine.files import sha256_digest

    digest = sha256_digest(raw)
    entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": len(raw)}

    def with_tag(tag: str) -> Path:
        named = {**entry, "annotations": {"org.opencontainers.image.ref.name": tag}}
        index = json.dumps({"schemaVersion": 2, "manifests": [named]}).encode()

        def add(new: tarfile.TarFile) -> None:
            member("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')(new)
            member("index.json", index)(new)
            member(f"blobs/sha256/{digest.removeprefix('sha256:')}", raw)(new)

        return rewritten(archive, add, keep=False)

    with pytest.raises(NotFound, match="no version"):
        import_versions(platform.workspace, with_tag("latest"), elsewhere)
    with pytest.raises(IntegrityError, match="not a floe platform artifact"):
        import_versions(platform.workspace, with_tag("v1.0.0"), elsewhere)
