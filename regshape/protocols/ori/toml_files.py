"""The two TOML files of a package: `oripk.toml`, its manifest, and `oripk.lock`.

Tables that are not known are passed over; a dependency is read strictly, because what is not
understood there would be a dependency on something else (ORI-62, decisions 14 to 16).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from regshape.protocols.ori.models import (
    Checksum,
    Filled,
    LockedName,
    VersionText,
    is_package,
)

BUNDLED = "bundled"
_STD = re.compile(r"std(?:\.[a-z0-9_]+)+")
"""A module that comes with the language, as a dependency names it."""


def _dependency(text: str) -> str:
    if is_package(text) or _STD.fullmatch(text):
        return text
    raise ValueError(f'{text[:80]!r} is no dependency: write "@scope/name" or "std.module"')


DependencyName: TypeAlias = Annotated[str, AfterValidator(_dependency)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Pinned(_Table):
    """A dependency with more than a version."""

    model_config = ConfigDict(extra="forbid")

    version: VersionText
    features: list[str] = []
    optional: bool = False


Dependency: TypeAlias = VersionText | Literal["bundled"] | Pinned


def _fits(table: dict[str, Dependency]) -> dict[str, Dependency]:
    for name, wanted in table.items():
        if name.startswith("@") == (wanted == BUNDLED):
            raise ValueError(f'{name} needs "bundled" if it is a std module, and else a version')
    return table


Dependencies: TypeAlias = Annotated[dict[DependencyName, Dependency], AfterValidator(_fits)]


class Project(_Table):
    """The table `[project]`, whose name and version `regshape.protocols.ori.package` judges."""

    name: str
    version: str
    description: Filled
    license: str | None = None
    authors: list[str] = []
    repository: str | None = None
    keywords: list[str] = []
    categories: list[str] = []


class Target(_Table):
    """The table of a target: what is needed there alone."""

    dependencies: Dependencies = {}


class Manifest(_Table):
    """The file `oripk.toml`."""

    project: Project
    dependencies: Dependencies = {}
    dev: Annotated[Dependencies, Field(alias="dev-dependencies")] = {}
    target: dict[str, Target] = {}
    features: dict[str, list[str]] = {}

    def needed(self) -> Iterator[tuple[str, str]]:
        """Yield name and version of the packages that users of this one need."""
        tables = (self.dependencies, *(target.dependencies for target in self.target.values()))
        for table in tables:
            yield from pins(table)


class Lock(_Table):
    """The file `oripk.lock`: checksums by `@scope/name:version`."""

    checksums: dict[LockedName, Checksum] = {}


def pins(table: Mapping[str, Dependency]) -> Iterator[tuple[str, str]]:
    """Yield name and version of the dependencies that a registry has."""
    for name, wanted in table.items():
        version = wanted.version if isinstance(wanted, Pinned) else wanted
        if version != BUNDLED:
            yield name, version


def plain(table: Mapping[str, Dependency]) -> dict[str, Any]:
    """Return dependencies as the file has them."""
    return {
        name: wanted.model_dump(exclude_unset=True) if isinstance(wanted, Pinned) else wanted
        for name, wanted in table.items()
    }
