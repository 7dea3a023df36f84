"""`floe mcp` as the protocol's own client sees it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.cli import floe, ok, platform_directory

Call = Callable[..., Awaitable[Any]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A platform that published a version, and a project that breaks its rules, side by side."""
    registry = f"oci-layout:{tmp_path / 'registry' / 'acme'}"
    platform = platform_directory(tmp_path / "home" / "platform")
    text = (platform / "manifest.yaml").read_text()
    (platform / "manifest.yaml").write_text(f"{text}\nartifacts: {{registry: '../../registry/acme'}}\n")
    ok(floe(platform, "platform", "publish", "v1.2.3", "--no-sign", "--registry", registry))
    project = tmp_path / "home" / "shop"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text("name: shop\nversion: '1.0'\nprofile: shop\n")
    (project / "models/Orders.sql").write_text("select 1 as id\n")
    ok(floe(project, "init", "--platform=v1.2.3", env={"FLOE_REGISTRY": registry}))
    return tmp_path / "home"


def session(directory: Path, body: Callable[[ClientSession], Awaitable[Any]]) -> Any:
    """What `body` makes of a session with the real server in a directory."""

    async def run() -> Any:
        program = str(Path(sys.executable).with_name("floe"))
        parameters = StdioServerParameters(command=program, args=["mcp"], cwd=directory)
        async with (
            stdio_client(parameters) as (reading, writing),
            ClientSession(reading, writing) as client,
        ):
            await client.initialize()
            return await asyncio.wait_for(body(client), 120)

    return asyncio.run(run())


def call(started_in: Path, tool: str, /, **arguments: Any) -> Any:
    """The structured answer of one tool."""
    answer = session(started_in, lambda client: client.call_tool(tool, arguments))
    assert not answer.is_error, answer
    found = answer.structured_content
    return found.get("result", found)


def test_every_tool_only_reads_and_says_so(home: Path) -> None:
    tools = session(home, lambda client: client.list_tools()).tools
    assert {tool.name for tool in tools} == {"explain", "judge", "check", "versions", "compare"}
    for tool in tools:
        assert tool.annotations.read_only_hint is True
        assert tool.description


def test_a_project_is_judged_and_nothing_is_written(home: Path) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in (home / "shop").rglob("*") if path.is_file())
    (project,) = call(home, "judge", directory="shop")["projects"]
    assert "FLOE-E201" in {finding["rule"] for finding in project["findings"]}
    after = sorted((path, path.stat().st_mtime_ns) for path in (home / "shop").rglob("*") if path.is_file())
    assert before == after


def test_a_code_is_explained_and_an_unknown_one_answered_with_the_nearest(home: Path) -> None:
    assert call(home, "explain", code="E230")["code"] == "FLOE-E230"
    assert "did you mean FLOE-E" in call(home, "explain", code="FLOE-E23O")["error"]["hint"]


def test_a_manifest_is_checked_where_it_lies(home: Path) -> None:
    manifest = home / "platform" / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("type: duckdb", "type: duckbd"))
    (found,) = [
        each
        for each in call(home, "check", directory="platform")["diagnostics"]
        if each["severity"] == "error"
    ]
    assert (found["code"], found["line"]) == ("FLOE-M021", 10)


@pytest.mark.parametrize("directory", ["..", "/", "shop/../.."])
def test_no_directory_outside_of_its_own_is_looked_at(home: Path, directory: str) -> None:
    for tool in ("judge", "check", "versions"):
        assert "outside" in call(home, tool, directory=directory)["error"]["title"]
    assert call(home, "compare", old="../../x/manifest.yaml", new="v1.2.3")["error"]["code"] == "usage-error"
