"""`regshape.fuzz`, for other programs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

import regshape
from regshape.catalog import ReferenceSettings, find
from regshape.errors import UsageError
from regshape.model import Finding, Result
from tests.conftest import Serve

README = Path(__file__).parents[2] / "README.md"
SETTINGS = regshape.Settings(time=0, max_cases=80, seed=7, mutators=("method-frob",))
DEFECT = "chunk-order-ignored"


async def test_an_application_is_fuzzed_in_the_same_process() -> None:
    events: list[tuple[str, object]] = []
    result = await regshape.fuzz(
        find("oci").reference(ReferenceSettings(defects=(DEFECT,))),
        settings=SETTINGS,
        on_event=lambda name, value: events.append((name, value)),
    )
    assert isinstance(result, Result)
    assert [finding.requirement for finding in result.findings] == ["OCI-CHK-07"]
    names = [name for name, _ in events]
    assert (names[0], names[-1]) == ("started", "finished")
    assert ("phase", ("corpus", 68)) in events
    assert [value for name, value in events if name == "finding"] == list(result.findings)
    assert events[-1][1] is result
    assert all(isinstance(finding, Finding) for finding in result.findings)


async def test_a_campaign_ends_when_it_is_told_to() -> None:
    stop = anyio.Event()

    def told(event: str, value: object) -> None:
        if event == "phase":
            stop.set()

    app = find("oci").reference(ReferenceSettings())
    result = await regshape.fuzz(app, settings=SETTINGS, on_event=told, stop=stop)
    assert result.campaign.ended_by == "interrupt"


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("https://registry.example.org", "registry.example.org is not this machine"),
        ("registry", "'registry' is no URL"),
        ("embedded", "'embedded' is no URL: give one, or an ASGI application"),
    ],
)
async def test_what_may_not_be_attacked_or_is_no_target_is_said(target: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        await regshape.fuzz(target)


async def test_settings_that_name_nothing_are_said() -> None:
    with pytest.raises(UsageError, match="no requirement 'X'"):
        await regshape.fuzz("http://127.0.0.1:1", settings=regshape.Settings(only=("X",)))


def test_importing_it_imports_none_of_the_engine() -> None:
    code = "import sys, regshape; print([n for n in sys.modules if n.startswith('regshape.')])"
    ran = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "[]\n"


async def test_the_example_of_the_readme_runs(serve: Serve, tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(import anyio\n.*?)```", README.read_text(), re.DOTALL)
    async with serve(find("oci").reference(ReferenceSettings(defects=(DEFECT,)))) as url:
        script = tmp_path / "example.py"
        script.write_text(example.replace("http://127.0.0.1:5000", url))
        with anyio.fail_after(120):
            ran = await anyio.run_process([sys.executable, str(script)])
    assert b"phase ('corpus', 68)" in ran.stdout
    assert b"OCI-CHK-07" in ran.stdout
