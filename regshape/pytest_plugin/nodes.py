"""The tests that stand for requirements, and where in pytest's tree they hang.

The rule: an item is a `pytest.Function`, since only those may use fixtures by public means. It
hangs below the folder whose conftest overrides `regshape_target`, since only there that is seen.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from regshape.model import RegistryProtocol
from regshape.pytest_plugin.sheet import Sheet
from regshape.pytest_plugin.telling import LOST

ROOT = "regshape"


def requirement_is_met(request: pytest.FixtureRequest, regshape_campaign: Sheet) -> None:
    """Say what the campaign has found out of the requirement that the item is named after."""
    node, sheet = request.node, regshape_campaign
    told = sheet.told[node.name]
    node.user_properties.extend(told.properties)
    if sheet.lost is not None:
        node.user_properties.append((LOST, sheet.lost))
    if told.says == "fail":
        pytest.fail(told.why, pytrace=False)
    if told.says == "skip":
        pytest.skip(told.why)
    if told.says == "xfail":
        pytest.xfail(told.why)


class RequirementItem(pytest.Function):
    """One requirement as a test."""

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Return the place of the item, which is no file, and its name."""
        return self.config.rootpath / ROOT, None, self.name


class RequirementTable(pytest.Collector):
    """The requirements of one protocol: `regshape::oci`."""

    def __init__(self, *, protocol: RegistryProtocol, **known: Any) -> None:
        super().__init__(**known)
        self._protocol = protocol

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each requirement, in the order of the table."""
        for requirement in self._protocol.requirements:
            item = RequirementItem.from_parent(
                self, name=requirement.id, callobj=requirement_is_met
            )
            item.add_marker("regshape")
            yield item


class Collecting:
    """Hangs the items into pytest's tree once it stands."""

    def __init__(self, protocol: RegistryProtocol) -> None:
        self._protocol = protocol
        self._overriding: list[Path] = []
        self._folders: dict[Path, pytest.Collector] = {}

    def pytest_plugin_registered(self, plugin: object) -> None:
        """Note the folder of a conftest that overrides the fixture."""
        file = getattr(plugin, "__file__", None)
        if file and Path(file).name == "conftest.py" and hasattr(plugin, "regshape_target"):
            self._overriding.append(Path(file).parent)

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        """Note the folders of the tree."""
        if isinstance(collector, pytest.Directory):
            self._folders[collector.path] = collector

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Add the items, before others choose among them."""
        table = RequirementTable.from_parent(
            self._parent(session),
            name=self._protocol.name,
            nodeid=f"{ROOT}::{self._protocol.name}",
            protocol=self._protocol,
        )
        items.extend(_collected(table))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let a skipped requirement stand at its own place, not at a line of this file."""
        report = yield
        if isinstance(item, RequirementItem) and isinstance(report.longrepr, tuple):
            report.longrepr = (str(item.reportinfo()[0]), None, report.longrepr[2])  # type: ignore[assignment]
        return report

    def _parent(self, session: pytest.Session) -> pytest.Collector:
        seen = [folder for folder in self._overriding if folder in self._folders]
        deepest = max(seen, key=lambda folder: len(folder.parts), default=session.path)
        apart = [folder for folder in seen if folder not in (deepest, *deepest.parents)]
        if apart:
            both = " and ".join(sorted(folder.name for folder in (apart[0], deepest)))
            raise pytest.UsageError(
                f"regshape: the conftests of {both} both override regshape_target: "
                "run the tests of one of the folders"
            )
        return self._folders.get(deepest, session)


def _collected(table: RequirementTable) -> Sequence[Any]:
    hook = table.ihook
    hook.pytest_collectstart(collector=table)
    report: pytest.CollectReport = hook.pytest_make_collect_report(collector=table)
    hook.pytest_collectreport(report=report)
    for item in report.result:
        hook.pytest_itemcollected(item=item)
    return report.result
