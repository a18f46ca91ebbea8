"""The package as others get it: built, installed where nothing else is, run from elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from importlib.metadata import entry_points, version
from importlib.resources import files
from pathlib import Path

import pytest

import regshape
from regshape.catalog import find

ROOT = Path(__file__).parents[1]
LINKED = ("strategies", "corpora")
TOP_LEVEL = {"regshape"}
STEP_SECONDS = 300


def run(*words: str | Path, cwd: Path, status: int = 0) -> str:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONPATH", "VIRTUAL_ENV"} and not name.startswith("COV")
    }
    done = subprocess.run(  # noqa: S603 - what this test has just made
        words,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=STEP_SECONDS,
    )
    assert done.returncode == status, f"{words}: {done.stdout}\n{done.stderr}"
    return done.stdout


def environment_in(folder: Path) -> Path:
    """Make a virtual environment and return the folder of its programs."""
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    return folder / "bin"


@dataclass(frozen=True)
class Built:
    """A source distribution, the wheel made of the checkout and the one made of the former."""

    sdist: Path
    wheel: Path
    again: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    programs = environment_in(folder / "builder")
    run(programs / "pip", "install", "-q", "hatchling", cwd=folder)
    hatchling = (programs / "python", "-m", "hatchling", "build", "-d")
    run(*hatchling, folder / "dist", cwd=ROOT)
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    run(*hatchling, folder / "again", "-t", "wheel", cwd=source)
    (again,) = (folder / "again").glob("*.whl")
    return Built(sdist, wheel, again)


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment that holds the wheel and what it needs."""
    programs = environment_in(tmp_path_factory.mktemp("installed") / "venv")
    run(programs / "pip", "install", "-q", built.wheel, cwd=programs)
    return programs


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def sources() -> set[str]:
    """What the wheel must hold, by the names that git knows."""
    listed = run("git", "ls-files", "regshape", *LINKED, cwd=ROOT).split()
    links = {f"regshape/{name}" for name in LINKED}
    return {
        f"regshape/{name}" if name.startswith(LINKED) else name
        for name in listed
        if name not in links and (ROOT / name).exists()
    }


def test_the_links_lead_to_the_folders_at_the_top() -> None:
    for name in LINKED:
        link = ROOT / "regshape" / name
        assert link.is_symlink()
        assert not link.readlink().is_absolute()
        assert link.resolve() == ROOT / name


def test_the_corpus_and_the_strategies_are_parts_of_the_package() -> None:
    assert files("regshape.corpora").is_dir()
    assert files("regshape.strategies").joinpath("oci.py").is_file()


def test_what_is_installed_says_the_same_version_and_has_the_command() -> None:
    assert version("regshape") == regshape.__version__
    (command,) = entry_points(group="console_scripts", name="regshape")
    assert command.value == "regshape.cli.main:app"
    (plugin,) = entry_points(group="pytest11", name="regshape")
    assert plugin.value == "regshape.pytest_plugin"


@pytest.mark.slow
def test_the_wheel_holds_every_source_and_data_file_and_nothing_else(built: Built) -> None:
    names = names_in(built.wheel)
    assert {name.split("/")[0] for name in names} == TOP_LEVEL
    assert sources() <= names
    assert "regshape/py.typed" in names
    assert not {name for name in names if name.endswith((".pyc", ".sqlite"))}


@pytest.mark.slow
def test_the_wheel_holds_the_corpus(built: Built) -> None:
    cases = {path.name for path in (ROOT / "corpora" / "oci").glob("*.json")}
    inside = {Path(name).name for name in names_in(built.wheel) if "/corpora/oci/" in name}
    assert cases <= inside


@pytest.mark.slow
def test_the_source_distribution_builds_the_same_wheel(built: Built) -> None:
    assert names_in(built.again) == names_in(built.wheel)
    with zipfile.ZipFile(built.again) as again, zipfile.ZipFile(built.wheel) as wheel:
        for name in names_in(built.wheel):
            assert again.read(name) == wheel.read(name)


@pytest.mark.slow
def test_it_runs_without_the_tools_from_another_folder(installed: Path, tmp_path: Path) -> None:
    command = installed / "regshape"
    assert regshape.__version__ in run(command, "--version", cwd=tmp_path)
    table = json.loads(run(command, "requirements", "--json", cwd=tmp_path))
    assert len(table) >= 60
    page = ("--report", "html=report.html")
    document = json.loads(run(command, "fuzz", "--time", "0", "--json", *page, cwd=tmp_path))
    assert "<h1>Nothing failed</h1>" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert document["campaign"]["target"] == "embedded"
    assert document["campaign"]["cases"] > 100
    assert document["findings"] == []


@pytest.mark.slow
def test_no_package_of_a_general_name_is_left_in_the_environment(
    installed: Path, tmp_path: Path
) -> None:
    look = (
        "import importlib.util as u; import regshape.strategies.oci, regshape.corpora;"
        "print([n for n in ('strategies', 'corpora', 'tests', 'benchmarks', 'pytest')"
        " if u.find_spec(n)])"
    )
    assert run(installed / "python", "-c", look, cwd=tmp_path) == "[]\n"


AUTHORS_CONFTEST = """\
import pytest
from regshape.catalog import ReferenceSettings, find


@pytest.fixture(scope="session")
def regshape_target():
    return find("oci").reference(ReferenceSettings(defects=("chunk-order-ignored",)))
"""


@pytest.mark.slow
def test_a_registrys_author_sees_in_pytest_which_requirement_fails(
    built: Built, tmp_path: Path
) -> None:
    assert len(AUTHORS_CONFTEST.splitlines()) <= 10
    programs = environment_in(tmp_path / "venv")
    run(programs / "pip", "install", "-q", built.wheel, "pytest", cwd=tmp_path)
    project = tmp_path / "project"
    project.mkdir()
    (project / "conftest.py").write_text(AUTHORS_CONFTEST)
    said = run(
        *(programs / "pytest", "--regshape", "--regshape-time", "2s", "-v", "-W", "error"),
        cwd=project,
        status=1,
    )
    results = dict(re.findall(r"^regshape::oci::(\S+) (\w+)", said, re.MULTILINE))
    wanted = {r.id for r in find("oci").protocol.requirements}
    assert set(results) == wanted
    assert [id_ for id_, result in results.items() if result == "FAILED"] == ["OCI-CHK-07"]
    assert set(results.values()) == {"PASSED", "FAILED", "SKIPPED"}
    assert "A chunk out of order is answered with 416." in said
    assert "FAILED regshape::oci::OCI-CHK-07" in said
    assert "Traceback" not in said
