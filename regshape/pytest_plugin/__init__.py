"""The pytest plugin: each requirement of a registry's protocol as a test.

The rule: importing this costs next to nothing, for every session of pytest does where RegShape is
installed. What takes longer than all of this is imported by the function that needs it, which says
what comes with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from regshape.errors import RegShapeError
from regshape.pytest_plugin.asked import add_options, asked_of
from regshape.pytest_plugin.telling import ERROR, Telling

if TYPE_CHECKING:
    from regshape.pytest_plugin.aim import Aim
    from regshape.pytest_plugin.bench import CaseRunner
    from regshape.pytest_plugin.sheet import Sheet

SEEDS = 2**32
MARKER = (
    "regshape(only=(), skip=(), fail_on='must'): which requirements fail a test that uses "
    "run_case; the tests of a campaign carry it too, so that -m regshape chooses them"
)


class NotBegunError(RegShapeError):
    """Raised where no case can run: the registry is not there, or what is asked for is not."""


CURRENT = pytest.StashKey[pytest.Item]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--regshape` and the options that go with it."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Check what is asked for before any test is collected."""
    config.addinivalue_line("markers", MARKER)
    config.pluginmanager.register(Telling(hasattr(config, "workerinput")), "regshape-telling")
    if not asked_of(config).campaign:
        return
    from regshape.pytest_plugin.nodes import Collecting  # with pydantic

    if config.getoption("regshape_seed") is None and not config.getini("regshape_seed"):
        # Drawn here, so that all processes of pytest-xdist are given the same.
        config.option.regshape_seed = str(secrets.randbelow(SEEDS))
    aim = _aim(config)
    config.pluginmanager.register(Collecting(aim.entry.protocol), "regshape-collecting")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say the seed at once: a session that is killed can still be repeated."""
    asked = asked_of(config)
    if not asked.campaign:
        return None
    target = "the fixture regshape_target" if asked.url is None else _shown(asked.url)
    return f"regshape: {target}, seed {asked.fields['seed']}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Remember the test that runs, for `run_case` to read its marker."""
    item.config.stash[CURRENT] = item


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn what kept a campaign from beginning into a sentence, for whoever reads the report."""
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, NotBegunError):
        sentence = str(call.excinfo.value)
        report.longrepr = sentence
        report.user_properties.append((ERROR, sentence))
    return report


@pytest.fixture(scope="session")
def regshape_target(pytestconfig: pytest.Config) -> Any:
    """The registry under test: a URL, or an ASGI application. Override it to start your own."""
    return asked_of(pytestconfig).url


@pytest.fixture(scope="session")
def regshape_campaign(request: pytest.FixtureRequest) -> Sheet:
    """Run the campaign behind all requirements, once for all processes of pytest-xdist."""
    from regshape.pytest_plugin.bench import campaign, shared  # with the engine

    def run() -> Sheet:
        aim = _at_target(request)
        return campaign(aim, cache=_cache(request.config), below=Path.cwd())

    given = getattr(request.config, "workerinput", None)
    if given is None:
        sheet = run()
    else:
        folder = request.getfixturevalue("tmp_path_factory").getbasetemp().parent
        sheet = shared(folder / f"regshape-{given['testrunuid']}.json", run)
    if sheet.error is not None:
        raise NotBegunError(sheet.error)
    return sheet


@pytest.fixture(scope="session")
def run_case(request: pytest.FixtureRequest) -> Iterator[CaseRunner]:
    """Execute a case on the target: `run_case(case)` fails if a requirement is violated."""
    from regshape.pytest_plugin.bench import case_runner  # with the engine

    with ExitStack() as stack:
        runner = case_runner(_at_target(request), lambda: _marked(request.config))
        try:
            ready = stack.enter_context(runner)
        except RegShapeError as error:
            raise NotBegunError(str(error)) from error
        yield ready


def _aim(config: pytest.Config) -> Aim:
    from regshape.pytest_plugin.aim import aim_of  # with the engine and the catalogue

    asked = asked_of(config)
    try:
        aim = aim_of(asked)
        return aim if asked.url is None else aim.at(asked.url)
    except RegShapeError as error:
        raise pytest.UsageError(f"regshape: {error}") from error


def _at_target(request: pytest.FixtureRequest) -> Aim:
    """Return the aim at the registry: what was typed counts more than what a project overrides."""
    asked = asked_of(request.config)
    target = asked.url if asked.insists else request.getfixturevalue("regshape_target")
    try:
        return _aim(request.config).at(target)
    except RegShapeError as error:
        raise NotBegunError(str(error)) from error


def _cache(config: pytest.Config) -> Path | None:
    cache: pytest.Cache | None = getattr(config, "cache", None)
    return None if cache is None else cache.mkdir("regshape")


def _marked(config: pytest.Config) -> Mapping[str, Any]:
    marker = config.stash[CURRENT].get_closest_marker("regshape")
    return {} if marker is None else marker.kwargs


def _shown(url: str) -> str:
    from regshape.report.redact import redact_url  # with the model

    return redact_url(url)
