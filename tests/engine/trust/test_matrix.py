"""Every command that accepts an artifact, against every bad artifact: none is weaker than `init`.

On a real docker-registry and on a layout. What is bad was put there by somebody with push rights to
the registry, and with the platform team's help only where the row says so.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from floe_engine.artifact.pack import IMAGE_MANIFEST, PLATFORM_NAME, VERSION
from floe_engine.cli import commands
from floe_engine.distribution.transfer import copy_version
from floe_engine.errors import FloeError
from floe_engine.lsp.projects import judged
from floe_engine.mcp.server import make_server
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from floe_engine.signing.keys import load_private
from floe_engine.signing.trust import sign
from floe_engine.store import Store
from tests.cli import Ran
from tests.engine.trust.here import data_team, elsewhere, floe
from tests.registries import docker_registry
from tests.teams import PlatformTeam, fingerprint, manifest, new_key


@dataclass(frozen=True)
class Scene:
    """A registry with one repository for each bad artifact; in each v1.0.0 is good and v1.1.0 is not."""

    folder: Path
    base: str
    team: Path
    mallory: Path
    old: Path

    def repository(self, kind: str) -> str:
        return f"{self.base}/{kind}"

    def publisher(self, kind: str, name: str = "acme") -> PlatformTeam:
        return PlatformTeam(self.folder / f"{kind}-{name}", self.repository(kind), scope="enterprise")


BAD: dict[str, Callable[[Scene, PlatformTeam], None]] = {}


def bad(make: Callable[[Scene, PlatformTeam], None]) -> Callable[[Scene, PlatformTeam], None]:
    BAD[make.__name__.replace("_", "-")] = make
    return make


@bad
def unsigned(scene: Scene, publisher: PlatformTeam) -> None:
    publisher.publish("1.1.0")


@bad
def attacker_signed(scene: Scene, publisher: PlatformTeam) -> None:
    publisher.publish("1.1.0", key=scene.mallory)


@bad
def retagged(scene: Scene, publisher: PlatformTeam) -> None:
    publisher.retag("v1.0.0", "v1.1.0")


@bad
def signed_for_another_version(scene: Scene, publisher: PlatformTeam) -> None:
    publisher.publish("1.1.0")
    _sign_by_hand(publisher.repository, "v1.1.0", scene.team, {PLATFORM_NAME: "acme", VERSION: "9.9.9"})


@bad
def signed_for_another_platform(scene: Scene, publisher: PlatformTeam) -> None:
    publisher.publish("1.1.0")
    _sign_by_hand(publisher.repository, "v1.1.0", scene.team, {PLATFORM_NAME: "other", VERSION: "1.1.0"})


@bad
def of_another_platform(scene: Scene, publisher: PlatformTeam) -> None:
    other = PlatformTeam(scene.folder / "other", f"oci-layout:{scene.folder / 'other-registry'}")
    other.publish("1.1.0", key=scene.team, text=manifest("1.1.0", name="other", scope="enterprise"))
    copy_version(other.workspace, f"{other.registry}:v1.1.0", publisher.registry, require_trusted=False)


@bad
def by_a_revoked_key(scene: Scene, publisher: PlatformTeam) -> None:
    publisher.publish("1.1.0", key=scene.old)


def _sign_by_hand(repository: Repository, tag: str, key: Path, annotations: dict[str, str]) -> None:
    digest = repository.manifest(tag).digest
    signer = load_private(key.read_bytes())
    sign(
        repository,
        digest,
        signer,
        docker_reference=repository.reference.docker_reference,
        annotations=annotations,
    )


@pytest.fixture(scope="module", params=["docker-registry", "layout"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("scene")
    keys = [new_key(folder / "keys" / f"{name}.key") for name in ("team", "mallory", "old")]
    with ExitStack() as running:
        if request.param == "layout":
            made = Scene(folder, f"oci-layout:{folder / 'registry'}", *keys)
        else:
            server = running.enter_context(docker_registry(folder / "registry"))
            made = Scene(folder, f"oci://{server.host}", *keys)
        with elsewhere(folder / "elsewhere"):
            _fill(made)
        yield made


def _fill(scene: Scene) -> None:
    for kind, make in BAD.items():
        publisher = scene.publisher(kind)
        publisher.publish("1.0.0", key=scene.team)
        make(scene, publisher)


@pytest.fixture
def team(scene: Scene, tmp_path: Path, settings: Path) -> Path:
    """The reader's settings: the old key is revoked. Returns where the reader works."""
    (settings / "config.toml").write_text(
        f'revoked_keys = ["{fingerprint(scene.old).removeprefix("sha256:").upper()}"]'
    )
    return tmp_path


def product(scene: Scene, folder: Path, kind: str, pin: str) -> Path:
    """A project with v1.0.0 locked, whose floe.yaml trusts the team's keys and pins `pin`."""
    anchors = f"trusted_keys: [{scene.team.with_suffix('.pub')}, {scene.old.with_suffix('.pub')}]"
    pulled = scene.folder / f"{kind}-product"
    if not pulled.exists():  # once for all commands
        done = floe(data_team(pulled, scene.repository(kind), "v1.0.0", anchors), "platform", "pull")
        assert done.code == 0, done.err
    directory = shutil.copytree(pulled, folder / "product")
    return data_team(directory, scene.repository(kind), pin, anchors)


TAKING: dict[str, tuple[str, tuple[str, ...]]] = {
    "init": ("v1.1.0", ("init", "--platform", "{ref}:v1.1.0")),
    "pull": ("v1.1.0", ("platform", "pull")),
    "pull VERSION": ("v1.0.0", ("platform", "pull", "{ref}:v1.1.0")),
    "pull RANGE": ("v1.1.0", ("platform", "pull", "{ref}:v1.1.*")),
    "pull --force": ("v1.1.0", ("platform", "pull", "--force")),
    "compile": ("v1.1.0", ("compile",)),
    "upgrade": ("v1.0.0", ("upgrade", "--accept-breaking")),
    "upgrade --to": ("v1.0.0", ("upgrade", "--to", "v1.1.0", "--dry-run")),
    "pin": ("v1.0.0", ("pin", "v1.1.0", "--accept-breaking")),
    "fix": ("v1.1.0", ("fix",)),
    "waive": ("v1.1.0", ("waive", "E201 bronze_orders", "--reason", "r", "--owner", "me@acme.example")),
}
"""Command → what floe.yaml pins meanwhile, and its arguments."""

LOOKING: dict[str, tuple[str, tuple[str, ...]]] = {
    "verify": ("v1.0.0", ("platform", "verify", "{ref}:v1.1.0")),
    "verify --key": ("v1.0.0", ("platform", "verify", "{ref}:v1.1.0", "--key", "{key}")),
    "diff": ("v1.0.0", ("platform", "diff", "v1.0.0", "{ref}:v1.1.0")),
    "copy": ("v1.0.0", ("platform", "copy", "{ref}:v1.1.0", "oci-layout:{out}")),
    "export": ("v1.0.0", ("platform", "export", "{out}.tar", "{ref}:v1.1.0")),
    "sign": ("v1.0.0", ("platform", "sign", "{ref}:v1.1.0", "--key", "{private}")),
}


ON_A_REGISTRY = pytest.mark.parametrize("scene", ["docker-registry"], indirect=True)
"""What a layout would tell nothing more of."""

BUILDING: dict[str, tuple[str, ...]] = {
    "check": ("platform", "check"),
    "compile": ("platform", "compile"),
    "test": ("platform", "test"),
    "explain": ("platform", "explain", "governance.quality_gates.minimum_test_coverage"),
    "publish": ("platform", "publish", "v1.0.0", "--no-sign", "--registry", "oci-layout:{out}"),
    "bump": ("platform", "bump", "--registry", "oci-layout:{out}"),
    "changelog": ("platform", "changelog", "--registry", "oci-layout:{out}"),
    "diff": ("platform", "diff", "manifest.yaml", "manifest.yaml"),
}
"""What builds on an enterprise platform, as the parent that manifest.yaml names."""

ELSEWHERE = {
    "completion": "writes a script",
    "config": "shows settings",
    "explain": "knows codes alone",
    "login": "keeps a login",
    "logout": "forgets one",
    "lsp": "judges as compile does, offline: test_what_only_reads_says_nothing_by_a_bad_platform",
    "mcp": "judges as compile does, offline: test_what_only_reads_says_nothing_by_a_bad_platform",
    "outdated": "names tags, and believes the locked version alone: test_stored",
    "platform cache clear": "removes what is there",
    "platform doctor": "believes the locked version alone: test_stored",
    "platform fingerprint": "reads a key",
    "platform import": "test_an_import_takes_nothing_that_init_refuses",
    "platform import-rules": "writes text into manifest.yaml, and asks no parent",
    "platform init": "begins a platform",
    "platform inspect": "raises nothing: test_nothing_bad_is_listed_as_verified",
    "platform keygen": "makes a key",
    "platform list": "raises nothing: test_nothing_bad_is_listed_as_verified",
    "platform trust": "tells who decides",
    "schema": "writes schemas",
    "version": "tells versions",
}
"""The commands that are in no table of this file, and why."""


def test_every_command_is_tried_or_has_its_reason() -> None:
    def leaves(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[str]:
        if not isinstance(command, click.Group):
            yield " ".join(words)
            return
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from leaves(found, (*words, name))

    tried = [words for _, words in (*TAKING.values(), *LOOKING.values())] + list(BUILDING.values())
    named = {" ".join(words[:2] if words[0] == "platform" else words[:1]) for words in tried}
    assert set(leaves(commands.floe)) == named | ELSEWHERE.keys()
    assert not named & ELSEWHERE.keys()


@pytest.mark.parametrize("command", [*TAKING, *LOOKING])
@pytest.mark.parametrize("kind", BAD)
def test_no_command_is_weaker_than_init(scene: Scene, team: Path, kind: str, command: str) -> None:
    pin, words = {**TAKING, **LOOKING}[command]
    directory = product(scene, team, kind, pin)
    before = (directory / ".floe/cache/artifacts.lock").read_bytes()
    facts = {
        "ref": scene.repository(kind),
        "key": str(scene.team.with_suffix(".pub")),
        "private": str(scene.team),
        "out": str(team / "out"),
    }
    ran = floe(directory, *(word.format(**facts) for word in words))
    assert ran.code in (5, 6), (ran.code, ran.out, ran.err)
    assert (directory / ".floe/cache/artifacts.lock").read_bytes() == before
    assert Store(directory / ".floe").cached_tags() == ("v1.0.0",)
    assert not (team / "out").exists() or not Repository(Reference.parse(f"oci-layout:{team / 'out'}")).tags()
    assert not (team / "out.tar").exists()


@ON_A_REGISTRY
@pytest.mark.parametrize("said", ["config.toml", "trust.toml"])
@pytest.mark.parametrize("kind", ["unsigned", "attacker-signed"])
def test_where_first_uses_are_refused_no_command_takes_what_nobody_vouches_for(
    scene: Scene, tmp_path: Path, settings: Path, kind: str, said: str
) -> None:
    """Nobody is named anywhere: a lock from before is the clone's word alone."""
    directory = data_team(tmp_path / "product", scene.repository(kind), "v1.0.0")
    assert floe(directory, "platform", "pull").code == 0
    before = (directory / ".floe/cache/artifacts.lock").read_bytes()
    refusal = {"config.toml": 'first_use = "refuse"\n', "trust.toml": 'version = 1\ndefault = "refuse"\n'}
    (settings / said).write_text(refusal[said])
    facts = {"ref": scene.repository(kind), "private": str(scene.team), "out": str(tmp_path / "out")}
    for command, (pin, words) in {**TAKING, **LOOKING}.items():
        if "--key" in command:
            continue  # names somebody
        data_team(directory, scene.repository(kind), pin)
        ran = floe(directory, *(word.format(**facts) for word in words))
        assert ran.code == 6, (command, ran)
    assert (directory / ".floe/cache/artifacts.lock").read_bytes() == before
    assert not (tmp_path / "out").exists() and not (tmp_path / "out.tar").exists()
    changes = floe(directory, "platform", "changelog", "--registry", scene.repository(kind))
    assert "left out" in changes.err and "## v" not in changes.out, changes


@ON_A_REGISTRY
@pytest.mark.parametrize("kind", BAD)
def test_no_command_builds_on_a_parent_that_init_refuses(
    scene: Scene, team: Path, settings: Path, kind: str
) -> None:
    keys = json.dumps([str(key.with_suffix(".pub")) for key in (scene.team, scene.old)])
    config = settings / "config.toml"
    config.write_text(f"{config.read_text()}\ntrusted_keys = {keys}\n")
    directory = team / "domain"
    directory.mkdir()

    def ask(version: str, words: tuple[str, ...]) -> Ran:
        parent = f"parent: {{ref: '{scene.repository(kind)}:{version}'}}\n"
        (directory / "manifest.yaml").write_text(manifest("1.0.0", name="sales", scope="domain", more=parent))
        return floe(directory, *(word.format(out=team / "out") for word in words))

    assert ask("v1.0.0", BUILDING["check"]).code == 0, "the good one is built on"
    for words in BUILDING.values():
        ran = ask("v1.1.0", words)
        assert ran.code in (5, 6), (words, ran.code, ran.out, ran.err)
        assert Store(directory / ".floe").cached_tags() == ("v1.0.0",)


@ON_A_REGISTRY
@pytest.mark.parametrize("kind", BAD)
def test_what_only_reads_says_nothing_by_a_bad_platform(scene: Scene, team: Path, kind: str) -> None:
    """A language server's diagnostics and the tools of `floe mcp`, without their protocols."""
    directory = product(scene, team, kind, "v1.1.0")
    with pytest.raises(FloeError) as refused:
        judged(directory)
    assert refused.value.exit_code in (5, 6)
    server = make_server(directory)
    for tool, arguments in (
        ("judge", {}),
        ("compare", {"old": "v1.0.0", "new": f"{scene.repository(kind)}:v1.1.0"}),
    ):
        answer = asyncio.run(server.call_tool(tool, arguments))
        assert "error" in str(answer), answer


@ON_A_REGISTRY
@pytest.mark.parametrize("kind", BAD)
def test_nothing_bad_is_listed_as_verified(scene: Scene, team: Path, kind: str) -> None:
    directory = product(scene, team, kind, "v1.0.0")
    listed = floe(directory, "platform", "list", "--details", "-o", "json")
    status = {
        row["tag"]: (row["signature"] or {}).get("status") for row in json.loads(listed.out)["versions"]
    }
    assert status["v1.0.0"] == "verified" != status["v1.1.0"], status
    shown = floe(directory, "platform", "inspect", "v1.1.0", "-o", "json")
    assert shown.code == 5 or json.loads(shown.out)["signature"]["status"] != "verified", shown.out


@pytest.mark.parametrize("kind", [kind for kind in BAD if kind != "retagged"])
def test_an_import_takes_nothing_that_init_refuses(scene: Scene, team: Path, kind: str) -> None:
    elsewhere = team / "elsewhere"
    elsewhere.mkdir()
    archive = team / "v1.1.0.tar"
    done = floe(elsewhere, "platform", "export", str(archive), f"{scene.repository(kind)}:v1.1.0")
    assert done.code == 0, done.err
    directory = product(scene, team, kind, "v1.0.0")
    ran = floe(directory, "platform", "import", str(archive), f"oci-layout:{team / 'out'}")
    assert ran.code in (5, 6), (ran.out, ran.err)
    told = floe(
        directory, "platform", "import", str(archive), f"oci-layout:{team / 'out'}", "--no-require-trusted"
    )
    assert told.code == (5 if kind == "of-another-platform" else 0), told.err


@pytest.mark.parametrize("kind", [kind for kind in BAD if kind != "by-a-revoked-key"])
def test_the_guard_compares_with_nothing_that_somebody_else_put_there(
    scene: Scene, team: Path, kind: str
) -> None:
    publisher = PlatformTeam(team / "platform", scene.repository(kind))
    text = manifest("1.1.1", coverage=95, more=publisher.requiring(scene.team))
    (publisher.directory / "manifest.yaml").write_text(text)
    key = ("--key", str(scene.team), "--registry", publisher.registry)
    ran = floe(publisher.directory, "platform", "publish", "v1.1.1", *key)
    # Another platform signed by the same team is told by its name when somebody takes it.
    assert ran.code in ((1, 5, 6) if kind == "of-another-platform" else (5, 6)), (ran.out, ran.err)
    bumped = floe(publisher.directory, "platform", "bump", "--registry", publisher.registry)
    assert bumped.code == (0 if ran.code == 1 else ran.code), (bumped.out, bumped.err)


def test_what_was_locked_is_not_taken_back_by_moving_its_tag(scene: Scene, team: Path) -> None:
    kind = "moved"
    publisher = scene.publisher(kind)
    publisher.publish("1.0.0", key=scene.team)
    directory = product(scene, team, kind, "v1.0.0")
    twin = PlatformTeam(team / "twin", f"oci-layout:{team / 'twin-registry'}")
    other = twin.publish("1.0.0", key=scene.team, text=manifest("1.0.0", coverage=10))
    _graft(twin.repository, publisher.repository, other.digest, "v1.0.0")
    for words in (
        ("platform", "pull"),
        ("init", "--platform", f"{publisher.registry}:v1.0.0"),
        ("platform", "verify", f"{publisher.registry}:v1.0.0"),
        ("platform", "copy", f"{publisher.registry}:v1.0.0", f"oci-layout:{team / 'out'}"),
        ("platform", "export", str(team / "out.tar"), f"{publisher.registry}:v1.0.0"),
    ):
        assert floe(directory, *words).code == 5, words


def _graft(source: Repository, target: Repository, digest: str, tag: str) -> None:
    """Put an artifact of one repository under a tag of another, as somebody with push rights could."""
    found = source.manifest(digest)
    for descriptor in (found.config, *found.layers):
        assert descriptor is not None
        target.push_blob(source.blob(descriptor, 1 << 24), descriptor.media_type)
    if target.reference.root is not None:  # a layout moves no tag, but whoever may write there can
        index = target.reference.root / "index.json"
        document = json.loads(index.read_text())
        name = "org.opencontainers.image.ref.name"
        kept = [entry for entry in document["manifests"] if entry.get("annotations", {}).get(name) != tag]
        index.write_text(json.dumps({**document, "manifests": kept}))
    target.push_manifest(found.raw, IMAGE_MANIFEST, tag=tag)


@pytest.mark.parametrize("command", ["init", "pull", "pull VERSION", "upgrade --to", "pin"])
def test_a_lower_version_is_taken_only_where_that_is_asked_for(
    scene: Scene, team: Path, command: str
) -> None:
    kind = "lower"
    publisher = scene.publisher(kind)
    if not publisher.directory.exists():
        publisher.publish("1.1.0", key=scene.team)
        # Its own older version, published late: nothing forbids that.
        publisher.publish("1.0.0", key=scene.team)
    anchors = f"trusted_keys: [{scene.team.with_suffix('.pub')}]"
    directory = data_team(team / "product", scene.repository(kind), "v1.1.0", anchors)
    assert floe(directory, "platform", "pull").code == 0
    pin, words = TAKING[command]
    data_team(directory, scene.repository(kind), "v1.0.0" if pin == "v1.1.0" else "v1.1.0", anchors)
    asked = [word.format(ref=scene.repository(kind)).replace("v1.1.0", "v1.0.0") for word in words]
    ran = floe(directory, *asked)
    assert ran.code == 1 and "--allow-downgrade" in ran.err, (ran.code, ran.err)
