"""Rules from Python packages: run where the package is the one that was signed, and else not judged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.artifact.sections import CustomRule
from floe_engine.manifest.check import check
from floe_engine.manifest.rule_packages import NotUsable, installed
from floe_engine.policy.evaluate import Evaluation, evaluate
from floe_engine.policy.rules.package_rules import outcomes, rule_function
from floe_engine.project.facts import Model, Project
from tests.cli import floe, ok
from tests.engine.policy.samples import platform

HOUSE, UNTOLD = "FLOE-E283", "FLOE-E284"
RULES = """
from pathlib import Path
from acme_rules import words

Path(__file__).parent.with_name("imported").touch()


def named(model, prefix="silver_"):
    print("this is no answer")
    if not model.name.startswith(prefix):
        return words.WRONG + model.name


def fails(model):
    raise ValueError("nobody knows")


def closed(model, other="a"):
    if model.name == other and "floe" not in model.meta:
        return "it says nothing of its layer"
"""
MANIFEST = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata: {name: acme, version: "1.2.3"}
plugins: {compute: {type: duckdb}}
governance:
  custom_rules:
    - id: acme-names
      type: python
      package: acme-rules
      rule: named
      digest: DIGEST
      parameters: {prefix: gold_}
      examples: {pass: [{name: gold_a}], fail: [{name: silver_a}]}
"""


class Site:
    """A folder on sys.path with one distribution, as pip leaves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("acme_rules/__init__.py", RULES)
        self.write("acme_rules/words.py", "WRONG = 'badly named: '\n")
        info = "acme_rules-1.0.dist-info"
        self.write(f"{info}/METADATA", "Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n")
        names = ("named", "fails", "gone", "closed")
        points = "".join(f"{name} = acme_rules:{name}\n" for name in names)
        self.write(f"{info}/entry_points.txt", f"[floe.rules]\n{points}")
        files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
        self.write(f"{info}/RECORD", "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]))

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @property
    def imported(self) -> bool:
        """Whether any of its code ran."""
        return (self.folder / "imported").exists()

    @property
    def digest(self) -> str:
        return installed("acme-rules").digest


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The package, installed for one test."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    path = list(sys.meta_path)
    yield Site(tmp_path / "site")
    sys.meta_path[:] = path
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme_rules"]:
        del sys.modules[name]


def asking(digest: str, rule: str = "named", **parameters: Any) -> CustomRule:
    return CustomRule(
        type="python", id="r", package="acme-rules", rule=rule, digest=digest, parameters=parameters
    )


def with_rule(rule: CustomRule) -> Platform:
    given = platform()
    return replace(given, gates=replace(given.gates, custom_rules=(rule,)))


def judged(rule: CustomRule) -> Evaluation:
    models = tuple(Model(f"model.shop.{name}", name, f"models/{name}.sql") for name in ("gold_a", "silver_b"))
    return evaluate(with_rule(rule), Project("shop", Path(), models))


def told(evaluation: Evaluation, rule: str) -> list[tuple[str, str]]:
    return [(each.subject, each.message) for each in evaluation.findings if each.rule == rule]


def test_a_packages_rule_is_asked_of_every_subject(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Its function says what is wrong, and nothing that it prints gets into an answer."""
    evaluation = judged(asking(site.digest, prefix="gold_"))
    assert told(evaluation, HOUSE) == [("silver_b", "silver_b: badly named: silver_b")]
    assert told(evaluation, UNTOLD) == []
    assert "no answer" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("acme_rules/words.py", "WRONG = 'other'\n"),
        ("acme_rules/more.py", "x = 1\n"),
        ("acme_rules/data.txt", "x"),
        ("acme_rules-1.0.dist-info/entry_points.txt", "[floe.rules]\nnamed = os:getcwd\n"),
    ],
)
def test_a_package_with_other_files_is_not_run(site: Site, name: str, text: str) -> None:
    """A file that changed, or one that nobody listed: the project is not judged, and nothing is green."""
    digest = site.digest
    site.write(name, text)
    evaluation = judged(asking(digest))
    assert [subject for subject, _ in told(evaluation, UNTOLD)] == ["shop"]
    assert "is not the one that the platform names" in told(evaluation, UNTOLD)[0][1]
    assert not site.imported


def test_without_the_package_nothing_is_judged() -> None:
    """Nor where the platform names one that nobody could have."""
    for package in ("acme-rules-absent", "../evil", "", "a" * 500):
        rule = replace(asking("sha256:" + "0" * 64), package=package)
        evaluation = judged(rule)
        assert len(told(evaluation, UNTOLD)) == 1
        assert told(evaluation, HOUSE) == []


@pytest.mark.parametrize(
    "record", ["\n\n", "a,sha256=x,no number\n", '"open', "\0,,\n", "gone.py,,\n", "../out.py,,\n", ""]
)
def test_a_list_of_files_of_any_shape_is_read_or_told(site: Site, record: str) -> None:
    """A distribution is somebody else's files."""
    site.write("acme_rules-1.0.dist-info/RECORD", record)
    assert len(told(judged(asking("sha256:" + "0" * 64)), UNTOLD)) == 1


def test_native_code_is_refused(site: Site) -> None:
    """Its bytes would have to lie on the disk to be run."""
    site.write("acme_rules/words.cpython-311-x86_64-linux-gnu.so", "x")
    with pytest.raises(NotUsable, match="no Python"):
        installed("acme-rules")


def test_what_is_run_is_what_was_read(site: Site) -> None:
    """A compiled file beside the sources, which Python would believe, has no word."""
    import py_compile

    digest = site.digest
    source = site.folder / "acme_rules/words.py"
    good = source.read_text()
    source.write_text(good.replace("badly", "XXXXX"))
    cached = py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    source.write_text(good)
    assert cached is not None
    assert "badly named" in told(judged(asking(digest)), HOUSE)[0][1]


def test_another_digest_of_one_package_is_imported_anew(site: Site) -> None:
    """Two versions of a platform may name two versions of a package."""
    assert "badly" in told(judged(asking(site.digest)), HOUSE)[0][1]
    site.write("acme_rules/words.py", "WRONG = 'otherwise '\n")
    assert "otherwise" in told(judged(asking(site.digest)), HOUSE)[0][1]


def test_a_module_of_that_name_from_elsewhere_is_not_taken_for_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be code that nobody signed."""
    monkeypatch.setitem(sys.modules, "acme_rules", sys)
    assert "loaded already" in told(judged(asking(site.digest)), UNTOLD)[0][1]


@pytest.mark.parametrize(("rule", "why"), [("gone", "cannot be imported"), ("other", "has no rule other")])
def test_a_rule_that_is_not_there_is_told_once_with_how_many_it_leaves(
    site: Site, rule: str, why: str
) -> None:
    """Whoever has 3,000 models reads one line."""
    evaluation = judged(asking(site.digest, rule))
    ((subject, message),) = told(evaluation, UNTOLD)
    assert (subject, why in message, "(2 models not judged)" in message) == ("shop", True, True)
    assert told(evaluation, HOUSE) == []


def test_a_rule_that_raises_is_not_judged_with_the_reason(site: Site) -> None:
    """For each subject, since others may have been judged."""
    evaluation = judged(asking(site.digest, "fails"))
    assert ["ValueError: nobody knows" in message for _, message in told(evaluation, UNTOLD)] == [True, True]
    assert told(evaluation, HOUSE) == []


def test_a_rule_that_never_ends_takes_its_time_and_no_more() -> None:
    """What it said before stays, of the rest nothing is known."""

    def rule(name: str) -> str | None:
        while name == "b":
            pass
        return "wrong" if name == "a" else None

    first, second, third = outcomes(rule, {}, [("a",), ("b",), ("c",)], seconds=0.2)
    assert first.wrong == "wrong"
    assert "more than 0.2 s" in second.untold and "more than 0.2 s" in third.untold


def test_odd_answers_are_told_and_end_nothing() -> None:
    """SystemExit, a list, a number; control characters are written as escapes."""

    def rule(answer: Any) -> Any:
        if answer == "exit":
            raise SystemExit(7)
        return answer

    given = ["exit", [1], 7, True, False, "\x1b[2J" + "x" * 5_000]
    found = outcomes(rule, {}, [(each,) for each in given])
    assert "SystemExit" in found[0].untold
    assert "list" in found[1].untold and "int" in found[2].untold
    assert found[3] == ("", "")
    assert found[4].wrong
    assert "\x1b" not in found[5].wrong and len(found[5].wrong) <= 1_000


def test_the_check_says_which_digest_is_installed_and_runs_nothing(site: Site) -> None:
    """Without a pin, with another one, and for a rule that the package does not have."""
    unpinned = check(MANIFEST.replace("      digest: DIGEST\n", ""))
    assert [(each.code, site.digest in each.hint) for each in unpinned.errors] == [("FLOE-M063", True)]
    moved = check(MANIFEST.replace("DIGEST", "sha256:" + "0" * 64))
    assert [(each.code, site.digest in each.hint) for each in moved.errors] == [("FLOE-M063", True)]
    pinned = MANIFEST.replace("DIGEST", site.digest)
    (found,) = check(pinned.replace("rule: named", "rule: nameless")).errors
    assert found.hint == "its rules: closed, fails, gone, named"
    assert check(pinned).errors == ()
    assert [each.code for each in check(pinned.replace("acme-rules", "acme-gone")).diagnostics] == [
        "FLOE-M064"
    ]
    assert check(pinned.replace("prefix: gold_", "'a b': 1")).errors[0].code == "FLOE-M063"
    assert not site.imported


def test_its_examples_are_policy_tests(site: Site, tmp_path: Path) -> None:
    """Where one does not hold, or the package is gone, they fail."""
    home, path = tmp_path / "platform", {"PYTHONPATH": str(site.folder)}
    home.mkdir()
    (home / "manifest.yaml").write_text(MANIFEST.replace("DIGEST", site.digest))
    ok(floe(home, "platform", "compile", env=path))
    ok(floe(home, "platform", "test", env=path))
    absent = floe(home, "platform", "test")
    assert (absent.code, "is not installed" in absent.out + absent.err) == (1, True), absent


def test_a_rule_is_imported_once_for_all_subjects(site: Site) -> None:
    """And is the same function the next time."""
    rule = asking(site.digest)
    assert rule_function(rule) is rule_function(rule)


def advised(rule: CustomRule) -> list[str]:
    """What is suggested of two models that declare a layer which there is not."""
    models = tuple(
        Model(f"model.shop.{name}", name, f"models/{name}.sql", meta={"floe": {"layer": "glod"}})
        for name in ("a", "b")
    )
    found = evaluate(with_rule(rule), Project("shop", Path(), models)).findings
    return [each.suggestion for each in found if each.rule == "FLOE-E204"]


def test_advice_is_tried_on_the_rules_of_packages(site: Site) -> None:
    """What they allow is suggested, and what they would not is not."""
    assert advised(asking(site.digest, "closed")) == ["", "remove floe.layer"]
    assert advised(asking(site.digest, "closed", other="b")) == ["remove floe.layer", ""]
    assert advised(asking(site.digest, "closed", other="c")) == ["remove floe.layer"] * 2


@pytest.mark.parametrize("rule", ["fails", "gone"])
def test_where_a_rule_of_a_package_cannot_be_asked_nothing_is_suggested(site: Site, rule: str) -> None:
    assert advised(asking(site.digest, rule)) == ["", ""]
