"""What is asked for, checked: the protocol, the settings, the baseline, and the registry."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from regshape.catalog import Entry, find
from regshape.engine.access import Login, choose_access, existing_file, from_environment
from regshape.engine.wanted import check_settings, duration_of, settings_of
from regshape.errors import UsageError
from regshape.pytest_plugin.asked import FIXTURE, Asked
from regshape.report.baseline import Baseline, read_baseline
from regshape.settings import Settings
from regshape.transport.in_process import asgi

PREFIX = "--regshape-"
DEFAULT_TIME = "30s"
NO_TARGET = (
    "which registry? Write --regshape URL, or regshape_target = URL in the ini file, "
    "or override the fixture regshape_target"
)
NOT_SETTINGS = frozenset({"authorized", "baseline"})


@dataclass(frozen=True, slots=True)
class Aim:
    """Settings that make sense, and the way to the registry once it is known.

    `inner` is the transport to an application in this process; without it the settings' URL counts.
    """

    settings: Settings
    entry: Entry
    baseline: Baseline | None
    authorized: bool
    inner: Any = None

    def at(self, target: object) -> Aim:
        """Return the aim at what a project gave as its registry: a URL or an ASGI application.

        Raises:
            UsageError: it is neither, or may not be attacked, or credentials are half there.
        """
        if callable(target):
            return replace(self, inner=asgi(target))
        if target is not None and not isinstance(target, str):
            kind = type(target).__name__
            raise UsageError(f"regshape_target gave a {kind}, not a URL or an ASGI application")
        if target and Path(target).exists():
            raise UsageError(f"{target} is no URL: write --regshape={FIXTURE} before what to test")
        access = choose_access(
            target,
            self.settings.protocol,
            Login(None, password_stdin=False),
            authorized=self.authorized,
            prefix=PREFIX,
        )
        if access.url is None:
            raise UsageError(NO_TARGET)
        reach = {"target": access.url, **access.credentials}
        return replace(self, settings=settings_of({**self._fields(), **reach}, PREFIX))

    def _fields(self) -> dict[str, object]:
        return {name: getattr(self.settings, name) for name in self.settings.model_fields_set}


def aim_of(asked: Asked) -> Aim:
    """Return what is asked for, as far as it can be told before the registry is known.

    Raises:
        UsageError: an option does not fit, or names what does not exist.
        CaseError: the baseline cannot be read.
    """
    fields: dict[str, Any] = {**asked.fields}
    entry = find(fields.setdefault("protocol", "oci"))
    if "time" in fields or "max_requests" not in fields:
        fields["time"] = duration_of(f"{PREFIX}time", fields.get("time", DEFAULT_TIME))
    else:
        fields["time"] = None
    existing_file(f"{PREFIX}ca-file", fields.get("ca_file"))
    namespace = from_environment("OCI_NAMESPACE", entry.protocol.name, os.environ)
    if namespace:
        fields["repo_prefix"] = namespace
    wanted = {name: value for name, value in fields.items() if name not in NOT_SETTINGS}
    settings = settings_of(wanted, PREFIX)
    check_settings(settings, entry)
    baseline = _baseline(fields.get("baseline"), entry)
    return Aim(settings, entry, baseline, authorized=bool(fields.get("authorized")))


def _baseline(path: Path | None, entry: Entry) -> Baseline | None:
    return None if path is None else read_baseline(path, entry.protocol.name)
