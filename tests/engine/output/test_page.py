"""The page for people without a terminal: it holds everything, loads nothing, and can be searched."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from floe_engine.output.findings.drawing import MOST, drawn
from floe_engine.output.findings.html import PagePart, findings_page
from floe_engine.output.page import bar, text
from floe_engine.policy.overview import Overview, Reached, overview
from tests.cli import MANIFEST, floe, ok, platform_directory
from tests.engine.policy.samples import columns, judge, model, platform, project, source
from tests.tui.browser import page

EXAMPLES = Path(__file__).parents[3] / "examples"
SEED = platform()
HOSTILE = "</script><script>fetch('https://evil.example')</script><img src=x onerror=alert(1)>\u202e"


class Tags(HTMLParser):
    """Every tag of a page, and that they nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def shown(*models: Any, **fields: Any) -> str:
    """The page of some models."""
    whole = project(*models, **fields)
    return findings_page([PagePart(judge(SEED, *models, **fields), overview(SEED, whole))])


def test_a_page_asks_for_nothing_and_no_name_becomes_markup() -> None:
    told = model(f"silver_{HOSTILE}", description=HOSTILE, columns=columns("email", HOSTILE))
    found = Tags(shown(told)).found
    assert sum(name == "script" for name, _ in found) == 1
    assert not {"img", "link", "iframe", "a"} & {name for name, _ in found}
    assert not any("src" in attrs or "href" in attrs for _, attrs in found)
    assert "\u202e" not in shown(told)
    policy = next(attrs["content"] or "" for _, attrs in found if "http-equiv" in attrs)
    assert policy.startswith("default-src 'none'")


def test_every_finding_is_a_row_under_its_rule() -> None:
    models = [model(f"stg_{number}") for number in range(50)]
    evaluation = judge(SEED, *models)
    rows = re.findall(r'<td><span class="\w+">[✗!·–]', shown(*models))
    assert len(rows) == len(evaluation.findings) == 50


def test_coverage_tells_layers_and_owners_in_words_and_bars() -> None:
    made = shown(
        model("silver_a", key="id", meta={"owner": "sales"}, columns=columns("total")),
        model("gold_b", key="id", meta={"owner": "finance"}),
    )
    for said in ("silver", "gold", "sales", "finance", "1 of 2 (50%) ✗", "1 of 1 (100%)"):
        assert f">{said}<" in made


def reached(place: str, *onward: Reached, state: Any = "declared") -> Reached:
    return Reached(place, "pii", state, "models/schema.yml", 1, onward)


def test_the_ways_of_sensitive_columns_are_drawn() -> None:
    root = reached("raw.p.email", reached("a.email", reached("b.email", state="too low"), state="passes"))
    picture, left = drawn([root, reached("raw.p.phone", reached("a.phone", state="stopped"))])
    assert left == 0
    assert picture.count("<rect") == 5
    assert picture.count("<path") == 3
    assert "✗ too low, pii" in picture
    assert "⊘ stopped, pii" in picture


def test_a_picture_stays_readable_whatever_the_project() -> None:
    wide = reached("root.email", *(reached(f"m{number}.email") for number in range(3000)))
    deep = reached("z.email")
    for number in range(50):
        deep = reached(f"d{number}.email", deep)
    picture, left = drawn([wide, deep, *(reached(f"r{number}.email") for number in range(1000))])
    assert picture.count("<rect") <= MOST
    assert "… and 2995 more" in picture
    assert left > 0


@pytest.mark.parametrize("share", [-1.0, 0.0, 0.5, 7.0])
def test_a_bar_never_leaves_its_frame(share: float) -> None:
    (width,) = re.findall(r"width:([\d.]+)%", bar(share, "so much"))
    assert 0 <= float(width) <= 100


def test_text_shows_what_it_is_given() -> None:
    assert text("<b>&\x07") == "&lt;b&gt;&amp;\\x07"


def test_a_project_that_passes_has_a_page_too(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "customer-analytics", tmp_path / "p")
    platform_directory(tmp_path / "acme")
    spec = "apiVersion: floe.dev/v1\nkind: DataProduct\nplatform: {manifest: ../acme/manifest.yaml}\n"
    (tmp_path / "p/floe.yaml").write_text(spec + "transforms: [{type: dbt}]\n")
    made = ok(floe(tmp_path / "p", "compile", "-o", "html")).out
    assert "✓ passes" in made
    Tags(made)


@pytest.mark.interop
def test_in_a_browser_it_is_searched_filtered_printed_and_dark(
    tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    chromium = require_binary("chromium")
    models = [
        model("stg_orders", columns=columns("email", "id")),
        model("stg_people", columns=columns("phone")),
        model("gold_all", parents=["stg_orders"], columns=columns("email")),
    ]
    raw = source("orders", columns=columns(email={"pii": True}))
    target = tmp_path / "page.html"
    target.write_text(shown(*models, sources=[raw]))
    visible = "[...document.querySelectorAll('.rows tbody tr')].filter(r => r.checkVisibility()).length"

    async def read() -> dict[str, Any]:
        async with page(chromium, tmp_path / "profile") as tab:
            await tab.call("Page.navigate", url=target.as_uri())
            for _ in range(600):
                if await tab.evaluate("document.getElementById('shown')?.textContent ?? ''"):
                    break
                await asyncio.sleep(0.1)
            found: dict[str, Any] = {"closed": await tab.evaluate(visible)}

            async def type_in(field: str, value: str) -> Any:
                script = f"document.getElementById('{field}')"
                await tab.evaluate(f"{script}.value = {json.dumps(value)}")
                await tab.evaluate(f"{script}.dispatchEvent(new Event('input'))")
                return await tab.evaluate(visible)

            found["people"] = await type_in("search", "e201 stg_people")
            found["nothing"] = await type_in("search", "nowhere")
            await type_in("search", "")
            found["errors"] = await type_in("kind", "error")
            found["waived"] = await type_in("kind", "waived")
            await type_in("kind", "")
            await tab.evaluate("dispatchEvent(new Event('beforeprint'))")
            found["printed"] = await tab.evaluate(visible)
            colour = "getComputedStyle(document.body).backgroundColor"
            found["colours"] = set()
            for scheme in ("light", "dark"):
                media = [{"name": "prefers-color-scheme", "value": scheme}]
                await tab.call("Emulation.setEmulatedMedia", features=media)
                found["colours"].add(await tab.evaluate(colour))
            found["requested"] = list(tab.requested)
            return found

    found = asyncio.run(read())
    evaluation = judge(SEED, *models, sources=[raw])
    assert found["closed"] == 0
    assert found["people"] == 1
    assert found["nothing"] == found["waived"] == 0
    assert found["errors"] == evaluation.counts.errors
    assert found["printed"] == len(evaluation.findings)
    assert len(found["colours"]) == 2
    assert all(address.startswith("file:") for address in found["requested"]), found["requested"]


def test_changes_and_whom_they_hit_are_a_page(tmp_path: Path) -> None:
    old = platform_directory(tmp_path / "old")
    new = platform_directory(tmp_path / "new", MANIFEST.replace("coverage: 80", "coverage: 95"))
    (tmp_path / "fleet/p/models").mkdir(parents=True)
    (tmp_path / "fleet/p/dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (tmp_path / "fleet/p/models/bronze_a.sql").write_text("select 1 as id")
    names = ", ".join(
        f"{{name: c{number}, data_tests: [not_null, unique]}}" if number else "{name: id}"
        for number in range(10)
    )
    (tmp_path / "fleet/p/models/s.yml").write_text(f"models: [{{name: bronze_a, columns: [{names}]}}]\n")
    done = ok(floe(tmp_path, "platform", "diff", str(old), str(new), "--impact", "fleet", "-o", "html"))
    Tags(done.out)
    assert "✗ breaks" in done.out
    assert "COV001" in done.out
    assert 'data-kind="Breaking"' in done.out


def test_no_sensitive_column_is_no_picture() -> None:
    made = findings_page([PagePart(judge(SEED, model("bronze_a", key="id")), Overview({}, ()))])
    assert "<svg" not in made
