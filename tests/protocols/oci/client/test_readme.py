"""The example of the README, run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from anyio import to_thread

from regshape.formats.digest import compute
from regshape.protocols.oci.reference import Reference
from tests.conftest import Serve

README = Path(__file__).parents[4] / "README.md"
TEXT = README.read_text(encoding="utf-8")


async def test_the_example_of_the_readme_does_what_it_says(
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    section = TEXT.partition("## As a library")[2]
    match = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert match is not None
    monkeypatch.chdir(tmp_path)
    for name in ("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "README.md").write_text(TEXT, encoding="utf-8")
    reference = Reference()
    async with serve(reference.app) as url:
        code = match[1].replace("localhost:5000", url.removeprefix("http://"))
        await to_thread.run_sync(exec, compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == "v1\n"
    digest = compute(TEXT.encode())
    assert reference.store.repositories["team/app"].blobs[digest] == TEXT.encode()
    assert (tmp_path / "layer.tar").read_bytes() == TEXT.encode()
