"""The first signature of an artifact, fetched while its files are still on their way.

Only what verification asks first is asked, each question once: the requests are the same, and nothing is
judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from floe_engine.signing import bundle, simple_signing
from floe_engine.signing.repository import SignatureSource, StoredDescriptor, StoredManifest
from floe_engine.waiting import begin

_T = TypeVar("_T")


class ReadAhead:
    """A `SignatureSource` that begins to read the signatures of `digest` when it is made.

    An answer, or the failure to get one, is given to the first who asks; after that, and for everything
    else, the repository is asked.
    """

    def __init__(self, repository: SignatureSource, digest: str) -> None:
        self._repository = repository
        self._answers: dict[tuple[str, str], Callable[[], Any]] = {}
        self._wait = begin(lambda: _look(_Recorder(repository, self._answers), digest))

    def resolve(self, ref: str, /) -> StoredDescriptor | None:
        """As the repository."""
        return self._repository.resolve(ref)

    def manifest(self, ref: str, /) -> StoredManifest:
        """As the repository."""
        return self._answer("manifest", ref, lambda: self._repository.manifest(ref))

    def blob(self, descriptor: Any, limit: int, /) -> bytes:
        """As the repository."""
        return self._answer("blob", descriptor.digest, lambda: self._repository.blob(descriptor, limit))

    def referrers(self, digest: str, /) -> Sequence[StoredDescriptor]:
        """As the repository."""
        return self._answer("referrers", digest, lambda: self._repository.referrers(digest))

    def _answer(self, what: str, of: str, ask: Callable[[], _T]) -> _T:
        self._wait()
        return self._answers.pop((what, of), ask)()  # type: ignore[no-any-return]  # asked by the same method


class _Recorder:
    """Keeps what the repository answered or raised."""

    def __init__(
        self, repository: SignatureSource, answers: dict[tuple[str, str], Callable[[], Any]]
    ) -> None:
        self._repository = repository
        self._answers = answers

    def resolve(self, ref: str, /) -> StoredDescriptor | None:
        return self._repository.resolve(ref)

    def manifest(self, ref: str, /) -> StoredManifest:
        return self._kept("manifest", ref, lambda: self._repository.manifest(ref))

    def blob(self, descriptor: Any, limit: int, /) -> bytes:
        return self._kept("blob", descriptor.digest, lambda: self._repository.blob(descriptor, limit))

    def referrers(self, digest: str, /) -> Sequence[StoredDescriptor]:
        return self._kept("referrers", digest, lambda: self._repository.referrers(digest))

    def _kept(self, what: str, of: str, ask: Callable[[], _T]) -> _T:
        try:
            answer = ask()
        except BaseException as error:
            self._answers[what, of] = _raising(error)
            raise
        self._answers[what, of] = lambda: answer
        return answer


def _raising(error: BaseException) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail


def _look(source: SignatureSource, digest: str) -> None:
    """Read what verification reads up to the first signature."""
    try:
        if not bundle.read_first(source, digest):
            source.manifest(simple_signing.tag_of(digest))
    except Exception:  # it is kept as an answer: whoever asks the same is told
        return
