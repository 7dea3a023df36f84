"""Rules that Python packages bring: code that the platform's team signs by its digest, run here.

What is run are the bytes that were hashed: modules are made from them in memory, so that neither a file
that changes meanwhile, nor one that was left beside them, nor a compiled one gets a word. A rule that
raises, or takes too long, is not judged.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.abc
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any, NamedTuple

from floe_engine.artifact.sections import CustomRule
from floe_engine.cel.values import Failed
from floe_engine.manifest.rule_packages import GROUP, NotUsable, RulePackage, installed
from floe_engine.text import printable

SECONDS = 10.0
"""What one rule may take for all subjects of a project together."""

PythonRule = Callable[..., Any]


def rule_function(rule: CustomRule) -> PythonRule:
    """The function of a rule of type ``python``. Raises `NotUsable`.

    Nothing of the package is imported unless it has the digest that the platform names.
    """
    package = installed(rule.package or "")
    if package.digest != rule.digest:
        raise NotUsable(
            f"the installed {package.name} {package.version} is not the one that the platform names "
            f"({package.digest[:19]}…, not {(rule.digest or 'none')[:19]}…)"
        )
    target = package.rules.get(rule.rule or "")
    if target is None:
        raise NotUsable(f"{package.name} {package.version} has no rule {rule.rule} in the group {GROUP}")
    module, _, name = target.partition(":")
    try:
        with _importing(package), contextlib.redirect_stdout(sys.stderr):
            found: Any = importlib.import_module(module.strip())
            for part in name.strip().split("."):
                found = getattr(found, part)
    except Exception as error:  # somebody else's code
        raise NotUsable(f"{package.name} cannot be imported: {_said(error)}") from None
    if not callable(found):
        raise NotUsable(f"{target} of {package.name} is no function")
    function: PythonRule = found
    return function


class _Loader(importlib.abc.SourceLoader, importlib.abc.MetaPathFinder):  # type: ignore[misc]  # typeshed
    """The modules of one package, from the bytes that were read of it."""

    def __init__(self, package: RulePackage) -> None:
        self.digest = package.digest
        self._root = package.root
        self._files = package.files
        self._modules: dict[str, str] = {}
        for path in package.files:
            pure = PurePosixPath(path)
            if pure.suffix == ".py" and all(part.isidentifier() for part in (*pure.parts[:-1], pure.stem)):
                parts = pure.parts[:-1] if pure.stem == "__init__" else (*pure.parts[:-1], pure.stem)
                self._modules[".".join(parts)] = path

    @property
    def names(self) -> frozenset[str]:
        """Names of all its modules."""
        return frozenset(self._modules)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module of the package comes from."""
        if fullname not in self._modules:
            return None
        # A package has no folder: what is none of the files that were read is not found.
        folders: list[str] | None = [] if self._modules[fullname].endswith("/__init__.py") else None
        return importlib.util.spec_from_file_location(
            fullname, self.get_filename(fullname), loader=self, submodule_search_locations=folders
        )

    def get_filename(self, fullname: str) -> str:
        """Where the file is that the bytes were read from."""
        return f"{self._root}/{self._modules[fullname]}"

    def get_data(self, path: str | bytes) -> bytes:
        """The bytes of a file of the package, never those of the disk."""
        name = os.fsdecode(path).removeprefix(f"{self._root}/")
        if name not in self._files:
            raise OSError(f"{name} is none of the package's files")
        return self._files[name]


@contextlib.contextmanager
def _importing(package: RulePackage) -> Iterator[None]:
    """With the package's modules before all others; those of another digest are forgotten."""
    current = next((each for each in sys.meta_path if isinstance(each, _Loader)
                    and each.digest == package.digest), None)  # fmt: skip
    loader = current or _Loader(package)
    for name in loader.names:
        module = sys.modules.get(name)
        if module is None:
            continue
        owner = getattr(module.__spec__, "loader", None)
        if not isinstance(owner, _Loader):
            raise ImportError(f"a module {name} from elsewhere is loaded already")
        if owner is not loader:
            del sys.modules[name]
    if current is None:
        sys.meta_path[:] = [
            each for each in sys.meta_path if not (isinstance(each, _Loader) and each.names & loader.names)
        ]
        sys.meta_path.insert(0, loader)
    yield


class _TimeIsUp(BaseException):
    """Raised inside a rule that takes too long."""


class Outcome(NamedTuple):
    """What a rule says of one subject: what is wrong (empty: nothing), or why it could not say."""

    wrong: str = ""
    untold: str = ""


def outcomes(
    function: PythonRule,
    parameters: Mapping[str, Any],
    subjects: Sequence[Sequence[Any]],
    seconds: float = SECONDS,
) -> list[Outcome]:
    """What a rule says of each subject, which is given as its values.

    All of them together take `seconds` at most; of what is left then nothing is known. Whatever the rule
    writes to stdout goes to stderr: stdout is for what was asked of floe.
    """
    found: list[Outcome] = []

    def run() -> None:
        try:
            for values in subjects:
                found.append(_outcome(function, parameters, values))
        except _TimeIsUp:
            pass

    with contextlib.redirect_stdout(sys.stderr):
        thread = threading.Thread(target=run, name="floe-rule", daemon=True)
        thread.start()
        thread.join(seconds)
    told = found[: len(subjects)]
    if len(told) < len(subjects):
        if thread.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(_TimeIsUp)
            )
        late = Outcome(untold=f"the rule takes more than {seconds:g} s")
        told = [*told, *[late] * (len(subjects) - len(told))]
    return told


def _outcome(function: PythonRule, parameters: Mapping[str, Any], values: Sequence[Any]) -> Outcome:
    try:
        result = function(*values, **parameters)
    except Failed as error:  # a fact that cannot be known
        return Outcome(untold=str(error))
    except _TimeIsUp:
        raise
    except BaseException as error:  # somebody else's code, and its SystemExit must not end floe
        return Outcome(untold=f"the rule raised {_said(error)}")
    if result is None or result is True or result == "":
        return Outcome()
    if result is False:
        return Outcome("it does not meet the rule")
    if isinstance(result, str):
        return Outcome(printable(" ".join(result.split()))[:_LONGEST])
    return Outcome(untold=f"the rule gave {type(result).__name__}, and not what is wrong or None")


_LONGEST = 1_000


def _said(error: BaseException) -> str:
    return printable(f"{type(error).__name__}: {' '.join(str(error).split())}")[:300]
