"""A repository of artifacts: resolve, read, write, refer. Everything that comes in is verified.

One client for registries and for layouts on disk (distribution-spec 1.1). Speaks of manifests,
blobs, tags and referrers; what they are for is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from floe_engine.acts import Act
from floe_engine.descriptor import (
    DIGEST,
    MANIFEST_LIMIT,
    MANIFEST_TYPES,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
    wrong_digest,
)
from floe_engine.errors import ContentMismatch, FloeError, NotFound, RegistryError, RegistryUnreachable
from floe_engine.events import CancelToken
from floe_engine.files import human_size
from floe_engine.registry import addresses, answers
from floe_engine.registry.authorization import PUSH
from floe_engine.registry.claim import claim
from floe_engine.registry.fallback import add_to_fallback, delete_by_moving
from floe_engine.registry.listing import pages
from floe_engine.registry.parallel import fan_out
from floe_engine.registry.reference import TAG, Reference
from floe_engine.registry.retry import Retry
from floe_engine.registry.transport import Transport

if TYPE_CHECKING:
    from floe_engine.registry.wire import Answer

OnBytes = Callable[[Descriptor, int], None]
"""Told that so many bytes of a blob have moved. Called from the threads that move them."""

MAX_REFERRERS = 1000

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class Repository:
    """One repository, opened. Thread-safe; connects on first use.

    `push` says that something will be written, so that one token with both permissions is asked
    for at the start; writing without it works too, for one request more. `cancel` is looked at
    before, while and between requests. Every method may raise `RegistryUnreachable`,
    `AuthenticationFailed`, `AccessDenied`, `RegistryError` and `Cancelled`.
    """

    def __init__(
        self,
        reference: Reference,
        *,
        settings: Transport | None = None,
        cancel: CancelToken | None = None,
        push: bool = False,
    ) -> None:
        from floe_engine.registry.session import (
            Session,
        )  # imports oras and, for a registry, urllib3: slow, so only here

        self.reference = reference.without_target()
        self.settings = settings or Transport()
        self.cancels: tuple[CancelToken, ...] = (cancel,) if cancel is not None else ()
        self._session = Session(self.reference, self.settings, cancel)
        # Whether the registry lists referrers itself; None until it has shown it.
        self._referrers_api: bool | None = None
        if push:
            self._session.actions = PUSH

    @property
    def requests(self) -> int:
        """How many requests this repository has sent so far."""
        return self._session.sent

    # Reading

    def tags(self) -> list[str]:
        """All tags, sorted as text. Raises `NotFound` where the repository does not exist."""
        url = self._session.url(self._session.container.tags_url(N=1000))
        answer = self._session.do_request(url, headers={"Accept": "application/json"})
        first: Answer | None = answer
        if answer.status_code == 400:  # some registries take no page size, or not one so large
            first, url = None, url.partition("?")[0]
        found: set[str] = set()
        for page in pages(self._session, url, "listing the tags", first):
            tags = page.get("tags", "absent")
            if tags is None:  # docker-registry's word for none
                continue
            if not isinstance(tags, list):
                raise RegistryError("the registry's list of tags is malformed", where=self.reference.name)
            found.update(tag for tag in tags if isinstance(tag, str) and TAG.fullmatch(tag))
        return sorted(found)

    def resolve(self, ref: str) -> Descriptor | None:
        """What a tag or digest names, without fetching it; None only if the registry says 404.

        The descriptor has type, digest and size; annotations are in the manifest.
        """
        response = self._session.do_request(self._manifest_url(ref), "HEAD", headers=_accept())
        if response.status_code == 404 and not answers.is_web_page(response.headers):
            return None
        if response.status_code in (400, 404):
            # An answer to HEAD has no body, which would tell a proxy's page, or HTTP spoken to HTTPS.
            return self._descriptor_or_none(ref)
        if response.status_code != 200:
            raise self._session.failure(response, f"looking for {ref}", where=self._where(ref))
        digest = response.headers.get("Docker-Content-Digest", "")
        length = response.headers.get("Content-Length", "")
        media_type = answers.media_type(response.headers)
        if not (DIGEST.fullmatch(digest) and length.isdigit() and media_type in MANIFEST_TYPES):
            # All three headers are optional in the specification; the manifest itself is not.
            return self._descriptor_or_none(ref)
        if DIGEST.fullmatch(ref) and digest != ref:
            raise wrong_digest(ref, digest, self._where(ref))
        return Descriptor(media_type, digest, int(length))

    def manifest(self, ref: str) -> Manifest:
        """The manifest or index behind a tag or digest, its bytes verified.

        Raises `NotFound`, and `ContentMismatch` where the bytes do not hash to the digest that was
        asked for or that the registry names.
        """
        found = self._manifest_or_none(ref)
        if found is None:
            raise NotFound(
                f"there is no {ref} in this repository",
                hint=f"{Act.LIST} shows what was published to this repository",
                where=self._where(ref),
                status=404,
            )
        return found

    def blob(self, descriptor: Descriptor, limit: int, *, on_bytes: OnBytes | None = None) -> bytes:
        """Content of at most `limit` bytes, its size and digest verified.

        Raises `NotFound`, `ContentMismatch`, and `RegistryError` where it promises to be larger.
        """
        return self._blob(descriptor, limit, on_bytes, None)

    def blobs(self, descriptors: Sequence[Descriptor], on_bytes: OnBytes | None = None) -> list[bytes]:
        """Several blobs at once, verified, in the order asked for; one of a kind is fetched once."""
        unique = {descriptor.digest: descriptor for descriptor in descriptors}
        total = sum(descriptor.size for descriptor in unique.values())
        if len(descriptors) > self.settings.max_blobs or total > self.settings.max_total:
            raise RegistryError(
                "the artifact is larger than floe takes",
                f"{len(descriptors)} files of {human_size(total)} together; at most "
                f"{self.settings.max_blobs} of {human_size(self.settings.max_total)}",
                where=self.reference.name,
            )

        def fetch(descriptor: Descriptor, stop: CancelToken) -> bytes:
            return self._blob(descriptor, descriptor.size, on_bytes, stop)

        contents = dict(zip(unique, self._fan_out(fetch, list(unique.values())), strict=True))
        return [contents[descriptor.digest] for descriptor in descriptors]

    def referrers(self, digest: str) -> list[Descriptor]:
        """Manifests that have `digest` as their subject: by the API, else by the fallback tag.

        An entry is what the registry *claims*; open it and compare its subject. An empty list means
        that the registry was asked and knows of none.
        """
        if self._referrers_api is not False and (listed := self._listed_referrers(digest)) is not None:
            return listed
        index = self._manifest_or_none(_fallback_tag(digest))
        if index is None:
            return []
        return _distinct(index.manifests)

    # Writing

    def push_blob(self, data: bytes, media_type: str) -> Descriptor:
        """Upload content (POST, PUT; no question before). Returns its descriptor."""
        return self._push_blob(data, media_type, None)

    def push_blobs(
        self, contents: Sequence[tuple[bytes, str]], on_bytes: OnBytes | None = None
    ) -> list[Descriptor]:
        """Upload several ``(data, media type)`` at once; equal content goes once."""
        descriptors = [Descriptor.of(data, media_type) for data, media_type in contents]
        unique = {
            descriptor.digest: content for descriptor, content in zip(descriptors, contents, strict=True)
        }

        def push(content: tuple[bytes, str], stop: CancelToken) -> None:
            descriptor = self._push_blob(*content, stop)
            if on_bytes is not None:
                on_bytes(descriptor, descriptor.size)

        self._fan_out(push, list(unique.values()))
        return descriptors

    def push_manifest(
        self, raw: bytes, media_type: str = OCI_MANIFEST, *, tag: str | None = None, new: bool = False
    ) -> Descriptor:
        """Write a manifest's exact bytes under `tag`, or by its digest alone.

        `new` asks the registry to write it only where there is nothing yet, which few can (RFC 9110,
        13.1.2). Raises `VersionExists` where the registry does not move the tag.
        """
        manifest = Manifest.parse(raw, media_type)
        self._put_manifest(manifest, tag, new=new)
        return manifest.descriptor

    def claim(
        self,
        raw: bytes,
        tag: str,
        media_type: str = OCI_MANIFEST,
        *,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> Descriptor:
        """Let `tag` name this manifest and never anything else; of several that try at most one does.

        What the manifest names has been pushed, by `meanwhile` at the latest. Raises `VersionExists` for
        all others.
        """
        manifest = Manifest.parse(raw, media_type)
        claim(self, manifest, tag, meanwhile)
        return manifest.descriptor

    def attach(
        self,
        raw_manifest: bytes,
        subject: Descriptor | str,
        media_type: str = OCI_MANIFEST,
        *,
        confirm: bool = True,
    ) -> Descriptor:
        """Write a manifest that refers to `subject`, so that `referrers` finds it.

        Where the registry does not answer ``OCI-Subject`` it has no referrers API, and the client
        keeps the list itself (distribution-spec 1.1, "Referrers Tag Schema"). Another writer may
        replace that list at the same moment; with `confirm` it is looked at again, a little later,
        and mended. A caller that reads its referrer back anyway spares that look.
        """
        return self.attach_all([raw_manifest], subject, media_type, confirm=confirm)[0]

    def attach_all(
        self,
        raw_manifests: Sequence[bytes],
        subject: Descriptor | str,
        media_type: str = OCI_MANIFEST,
        *,
        confirm: bool = True,
    ) -> list[Descriptor]:
        """`attach` for several manifests at once, with one change of the list that the client keeps."""
        digest = subject if isinstance(subject, str) else subject.digest
        manifests = [Manifest.parse(raw, media_type) for raw in raw_manifests]
        for manifest in manifests:
            if manifest.subject is None or manifest.subject.digest != digest:
                raise ContentMismatch(
                    "the manifest does not refer to its subject", f"it should name {digest}"
                )

        def put(manifest: Manifest, _: CancelToken) -> bool:
            return self._put_manifest(manifest, None).headers.get("OCI-Subject") == digest

        self._referrers_api = all(self._fan_out(put, manifests))
        descriptors = [manifest.descriptor for manifest in manifests]
        if not self._referrers_api:
            add_to_fallback(self, _fallback_tag(digest), descriptors, confirm=confirm)
        return descriptors

    def delete_tag(self, tag: str) -> None:
        """Remove a tag and nothing else. Raises `NotFound`, or `RegistryError` if it is not possible.

        Deleting by digest would take every other tag of the same content with it. Where the registry
        cannot delete a tag by name, the tag is moved to a manifest of its own, and that is deleted.
        """
        self._session.actions = PUSH
        response = self._session.do_request(self._manifest_url(tag), "DELETE")
        if response.status_code in (200, 202, 204):
            return
        if response.status_code not in (400, 405):
            raise self._session.failure(response, f"deleting the tag {tag}", where=self._where(tag))
        delete_by_moving(self, tag)

    def delete_manifest(self, digest: str) -> None:
        """Remove a manifest, and with it every tag that names it. Almost always the wrong thing."""
        self._session.actions = PUSH
        response = self._session.do_request(self._manifest_url(digest), "DELETE")
        if response.status_code not in (200, 202, 204):
            raise self._session.failure(response, f"deleting {digest}", where=self._where(digest))

    # How

    def _manifest_or_none(self, ref: str) -> Manifest | None:
        response = self._session.do_request(self._manifest_url(ref), headers=_accept())
        where = self._where(ref)
        if response.status_code == 404 and not answers.is_web_page(response.headers):
            return None
        if response.status_code != 200:
            raise self._session.failure(response, f"fetching the manifest {ref}", where=where)
        raw = response.content
        if len(raw) > MANIFEST_LIMIT:
            raise RegistryError(f"the manifest is larger than {human_size(MANIFEST_LIMIT)}", where=where)
        if answers.is_web_page(response.headers):
            raise answers.web_page(self._session.named, where, response.status_code)
        manifest = Manifest.parse(raw, answers.media_type(response.headers), where=where)
        promised = {response.headers.get("Docker-Content-Digest"), ref if DIGEST.fullmatch(ref) else None}
        for digest in promised - {None, manifest.digest}:
            raise wrong_digest(str(digest), manifest.digest, where)
        return manifest

    def _descriptor_or_none(self, ref: str) -> Descriptor | None:
        manifest = self._manifest_or_none(ref)
        return (
            None if manifest is None else Descriptor(manifest.media_type, manifest.digest, len(manifest.raw))
        )

    def _blob(
        self, descriptor: Descriptor, limit: int, on_bytes: OnBytes | None, stop: CancelToken | None
    ) -> bytes:
        where = f"{self.reference.name}@{descriptor.digest}"
        if descriptor.size > limit:
            raise RegistryError(
                "a blob is larger than floe takes",
                f"{human_size(descriptor.size)} where {human_size(limit)} is the most",
                where=where,
            )
        response = self._session.do_request(
            self._session.url(self._session.container.get_blob_url(descriptor.digest)),
            limit=descriptor.size,
            on_chunk=None
            if on_bytes is None
            else lambda done: on_bytes(descriptor, min(done, descriptor.size)),
            cancel=stop,
        )
        if response.status_code != 200:
            raise self._session.failure(response, f"fetching the blob {descriptor.digest}", where=where)
        content: bytes = response.content
        descriptor.check(content, where=where)
        return content

    def _push_blob(self, data: bytes, media_type: str, stop: CancelToken | None) -> Descriptor:
        self._session.actions |= PUSH
        descriptor = Descriptor.of(data, media_type)
        retry = Retry(self.settings, (*self.cancels, *((stop,) if stop is not None else ())))
        while True:
            retry_after = ""
            try:
                response = self._upload(data, descriptor, stop)
                if response.status_code in (201, 204):
                    break
                error: FloeError = self._session.failure(response, f"uploading the blob {descriptor.digest}")
                forgotten = response.status_code == 404 and response.request.method == "PUT"
                again = forgotten or response.status_code in answers.TRANSIENT
                retry_after = response.headers.get("Retry-After", "")
            except RegistryUnreachable as unreachable:
                error, again = unreachable, True
            if not again or not retry.again(retry_after):
                raise error
        confirmed = response.headers.get("Docker-Content-Digest")
        if confirmed and confirmed != descriptor.digest:
            raise wrong_digest(descriptor.digest, confirmed, self.reference.name)
        return descriptor

    def _upload(self, data: bytes, descriptor: Descriptor, stop: CancelToken | None) -> Answer:
        start = self._session.url(self._session.container.upload_blob_url())
        response = self._session.do_request(start, "POST", headers={"Content-Length": "0"}, cancel=stop)
        if response.status_code != 202:
            return response
        location = response.headers.get("Location")
        if not location:
            raise RegistryError("the registry names no place for the upload", where=self.reference.name)
        place = self._session.safe_url(addresses.join(start, location), "sends an upload")
        separator = "&" if "?" in place else "?"
        return self._session.do_request(
            f"{place}{separator}digest={quote(descriptor.digest)}",
            "PUT",
            data=data,
            headers={"Content-Type": "application/octet-stream"},
            cancel=stop,
        )

    def _put_manifest(self, manifest: Manifest, tag: str | None, *, new: bool = False) -> Answer:
        self._session.actions |= PUSH
        ref = tag or manifest.digest
        if len(manifest.raw) > MANIFEST_LIMIT:
            raise RegistryError(
                f"the manifest is larger than {human_size(MANIFEST_LIMIT)}", where=self._where(ref)
            )
        headers = {"Content-Type": manifest.media_type, **({"If-None-Match": "*"} if new else {})}
        response = self._session.do_request(
            self._manifest_url(ref), "PUT", data=manifest.raw, headers=headers
        )
        if response.status_code not in (200, 201):
            raise self._session.failure(
                response, f"writing {ref}", where=self._where(ref), tagging=tag is not None
            )
        confirmed = response.headers.get("Docker-Content-Digest")
        if confirmed and confirmed != manifest.digest:
            raise wrong_digest(manifest.digest, confirmed, self._where(ref))
        return response

    def _listed_referrers(self, digest: str) -> list[Descriptor] | None:
        """What the referrers API lists, or None where the registry has no such API."""
        url = f"{self._session.home}/v2/{self.reference.repository}/referrers/{digest}"
        first = self._session.do_request(url, headers={"Accept": OCI_INDEX})
        if first.status_code in (400, 404, 405, 406) or (
            first.status_code == 200 and answers.media_type(first.headers) != OCI_INDEX
        ):
            self._referrers_api = False
            return None
        found: list[Descriptor] = []
        for page in pages(self._session, url, "listing the referrers", first):
            index = page.get("manifests")
            if not isinstance(index, list) or len(found) + len(index) > MAX_REFERRERS:
                raise RegistryError(
                    "the registry's list of referrers is malformed",
                    f"it is no list of at most {MAX_REFERRERS}",
                    where=self.reference.name,
                )
            found += [Descriptor.parse(entry, where=self.reference.name) for entry in index]
        self._referrers_api = True
        return _distinct(found)

    def _fan_out(self, work: Callable[[_In, CancelToken], _Out], items: Sequence[_In]) -> list[_Out]:
        workers = 1 if self.reference.root is not None else self.settings.workers
        # The first goes ahead: it settles how to log in, and the others need not ask again.
        ahead = 1 if self.requests == 0 else 0
        first = fan_out(work, items[:ahead], 1)
        return first + fan_out(work, items[ahead:], workers)

    def _manifest_url(self, ref: str) -> str:
        if not (TAG.fullmatch(ref) or DIGEST.fullmatch(ref)):
            raise RegistryError("neither a tag nor a digest", answers.plain(ref), where=self.reference.name)
        return self._session.url(self._session.container.manifest_url(ref))

    def _where(self, ref: str) -> str:
        return f"{self.reference.name}{'@' if DIGEST.fullmatch(ref) else ':'}{ref}"


def _accept() -> dict[str, str]:
    return {"Accept": ", ".join(MANIFEST_TYPES)}


def _fallback_tag(digest: str) -> str:
    return digest.replace(":", "-", 1)


def _distinct(descriptors: Sequence[Descriptor]) -> list[Descriptor]:
    return list({descriptor.digest: descriptor for descriptor in descriptors}.values())
