"""The first signature of an artifact, fetched while its files are still on their way.

Only what verification asks first is asked, each question once: the requests are the same, and nothing is
judged here.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from floe_engine.signing import bundle, simple_signing
from floe_engine.signing.repository import Reader, SignatureSource
from floe_engine.waiting import begin

_T = TypeVar("_T")
_Answers = dict[tuple[str, str], Callable[[], Any]]


class ReadAhead(Reader):
    """A `SignatureSource` that begins to read the signatures of `digest` when it is made.

    An answer, or the failure to get one, is given to the first who asks; after that, and for everything
    else, the repository is asked.
    """

    def __init__(self, repository: SignatureSource, digest: str) -> None:
        super().__init__(repository)
        self._answers: _Answers = {}
        self._wait = begin(lambda: _look(_Recorder(repository, self._answers), digest))

    def _read(self, what: str, of: str, ask: Callable[[], _T]) -> _T:
        self._wait()
        return self._answers.pop((what, of), ask)()  # type: ignore[no-any-return]  # asked by the same method


class _Recorder(Reader):
    """Keeps what the repository answered or raised."""

    def __init__(self, repository: SignatureSource, answers: _Answers) -> None:
        super().__init__(repository)
        self._answers = answers

    def _read(self, what: str, of: str, ask: Callable[[], _T]) -> _T:
        answer: Future[_T] = Future()
        self._answers[what, of] = answer.result
        try:
            answer.set_result(ask())
        except BaseException as error:  # handed to whoever asks the same
            answer.set_exception(error)
        return answer.result()


def _look(source: SignatureSource, digest: str) -> None:
    """Read what verification reads up to the first signature."""
    try:
        if not bundle.read_first(source, digest):
            source.manifest(simple_signing.tag_of(digest))
    except Exception:  # it is kept as an answer: whoever asks the same is told
        return
