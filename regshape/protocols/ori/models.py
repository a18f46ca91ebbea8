"""The words of the Ori registry: names, versions, error codes, and the documents of its API.

Source: the registry protocol of Ori's package management, and the decisions on it that are kept
with the requirements. What is unknown in a document is passed over, so that it may grow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from regshape.formats import semver

NAME_LIMIT = 64
"""Characters of a package's full name, `@scope/name`."""

RESERVED = frozenset(
    {"test", "tests", "example", "examples", "internal", "private"}
    | {"temp", "tmp", "build", "dist", "out"}
)
RESERVED_BEGINNING = "std"

JSON = "application/json"
OCTETS = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"
FORM = "multipart/form-data"

_WORD = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
WORD = re.compile(_WORD)
"""A scope, or a name within one; to be matched in full."""
PACKAGE = re.compile(rf"@({_WORD})/({_WORD})")
"""The full name of a package; to be matched in full."""
USER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
"""The name of who holds a token; to be matched in full."""
CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}")
"""How a checksum is written; to be matched in full."""
_LOCKED = re.compile(r"(@[^:]+):([^:]+)")


class ErrorCode(StrEnum):
    """What a refusal can be about."""

    REQUEST_INVALID = "REQUEST_INVALID"
    FORM_INVALID = "FORM_INVALID"
    JSON_INVALID = "JSON_INVALID"
    QUERY_INVALID = "QUERY_INVALID"
    UNAUTHORIZED = "UNAUTHORIZED"
    SCOPE_MISSING = "SCOPE_MISSING"
    NOT_OWNER = "NOT_OWNER"
    ROUTE_UNKNOWN = "ROUTE_UNKNOWN"
    PACKAGE_UNKNOWN = "PACKAGE_UNKNOWN"
    VERSION_UNKNOWN = "VERSION_UNKNOWN"
    TILE_UNKNOWN = "TILE_UNKNOWN"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    VERSION_EXISTS = "VERSION_EXISTS"
    TRANSFER_PENDING = "TRANSFER_PENDING"
    TRANSFER_EXPIRED = "TRANSFER_EXPIRED"
    TOO_LARGE = "TOO_LARGE"
    TYPE_UNSUPPORTED = "TYPE_UNSUPPORTED"
    ARCHIVE_INVALID = "ARCHIVE_INVALID"
    FILE_MISSING = "FILE_MISSING"
    CHECKSUM_INVALID = "CHECKSUM_INVALID"
    MANIFEST_INVALID = "MANIFEST_INVALID"
    SCRIPTS_PRESENT = "SCRIPTS_PRESENT"
    LOCK_INVALID = "LOCK_INVALID"
    NAME_INVALID = "NAME_INVALID"
    NAME_RESERVED = "NAME_RESERVED"
    NAME_MISMATCH = "NAME_MISMATCH"
    VERSION_INVALID = "VERSION_INVALID"
    DESCRIPTION_MISSING = "DESCRIPTION_MISSING"
    DEPENDENCY_INVALID = "DEPENDENCY_INVALID"
    DEPENDENCY_UNKNOWN = "DEPENDENCY_UNKNOWN"
    FIELD_INVALID = "FIELD_INVALID"
    RATE_LIMITED = "RATE_LIMITED"
    STORE_FAILED = "STORE_FAILED"


_UNPROCESSABLE = int(HTTPStatus.UNPROCESSABLE_ENTITY)
STATUSES: Mapping[ErrorCode, int] = {
    **dict.fromkeys(ErrorCode, _UNPROCESSABLE),
    ErrorCode.REQUEST_INVALID: 400,
    ErrorCode.FORM_INVALID: 400,
    ErrorCode.JSON_INVALID: 400,
    ErrorCode.QUERY_INVALID: 400,
    ErrorCode.UNAUTHORIZED: 401,
    ErrorCode.SCOPE_MISSING: 403,
    ErrorCode.NOT_OWNER: 403,
    ErrorCode.ROUTE_UNKNOWN: 404,
    ErrorCode.PACKAGE_UNKNOWN: 404,
    ErrorCode.VERSION_UNKNOWN: 404,
    ErrorCode.TILE_UNKNOWN: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.VERSION_EXISTS: 409,
    ErrorCode.TRANSFER_PENDING: 409,
    ErrorCode.TRANSFER_EXPIRED: 409,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.TYPE_UNSUPPORTED: 415,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.STORE_FAILED: 500,
}
"""The status that goes with a code (decision 9)."""


class TokenScope(StrEnum):
    """What a token can be good for; none of them implies another (decision 5)."""

    READ = "read"
    PUBLISH = "publish"
    ADMIN = "admin"


# names and versions


def is_package(text: str) -> bool:
    """Return whether the text is a package's full name (ORI-60), reserved or not."""
    return len(text) <= NAME_LIMIT and PACKAGE.fullmatch(text) is not None


def is_reserved(text: str) -> bool:
    """Return whether a full name has a part that nobody can claim (ORI-60)."""
    words = text.removeprefix("@").split("/")
    return any(word in RESERVED or word.startswith(RESERVED_BEGINNING) for word in words)


def is_version(text: str) -> bool:
    """Return whether the text is a version that can be published (ORI-61)."""
    try:
        return not semver.parse(text).build
    except ValueError:
        return False


def is_checksum(text: str) -> bool:
    """Return whether the text is `sha256:` with 64 lower-case hex digits."""
    return CHECKSUM.fullmatch(text) is not None


def log_record(package: str, version: str, checksum: str) -> bytes:
    """Return the leaf of the log that stands for a version (decision 18)."""
    return f"{package} {version} {checksum}\n".encode()


def newest_first(versions: Mapping[str, Any]) -> list[str]:
    """Return the keys, which are versions, from the newest to the oldest (ORI-03)."""
    return sorted(versions, key=semver.parse, reverse=True)


def timestamp(seconds: float) -> str:
    """Return a time in seconds since 1970 as RFC 3339 writes it, in UTC and whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _must(text: str, right: bool, what: str) -> str:  # noqa: FBT001 - a test's result
    if not right:
        raise ValueError(f"{text[:80]!r} is no {what}")
    return text


def _package(text: str) -> str:
    return _must(text, is_package(text), "package's name: write @scope/name in a-z, 0-9 and -")


def _version(text: str) -> str:
    return _must(text, is_version(text), "version: write MAJOR.MINOR.PATCH, -PRE if need be")


def _checksum(text: str) -> str:
    return _must(text, is_checksum(text), "checksum: write sha256: and 64 hex digits")


def _locked(text: str) -> str:
    found = _LOCKED.fullmatch(text)
    right = found is not None and is_package(found[1]) and is_version(found[2])
    return _must(text, right, "locked package: write @scope/name:version")


def _yes(said: bool) -> bool:  # noqa: FBT001 - what is validated
    if not said:
        raise ValueError("it has to be true, or left out")
    return said


PackageName: TypeAlias = Annotated[str, AfterValidator(_package)]
VersionText: TypeAlias = Annotated[str, AfterValidator(_version)]
Checksum: TypeAlias = Annotated[str, AfterValidator(_checksum)]
LockedName: TypeAlias = Annotated[str, AfterValidator(_locked)]
Filled: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Yes: TypeAlias = Annotated[bool, AfterValidator(_yes)]
User: TypeAlias = Annotated[str, StringConstraints(pattern=rf"^{USER.pattern}$")]


# documents of the API


class _Document(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class ErrorEntry(_Document):
    """One thing that is wrong; `pointer` says where in what was sent."""

    code: str
    detail: str
    pointer: str | None = None


class ErrorBody(_Document):
    """What every refusal carries (decision 1)."""

    errors: Annotated[list[ErrorEntry], Field(min_length=1)]


class Deprecation(_Document):
    """Why a version should not be used any more; also what a request to deprecate says."""

    message: Filled


class VersionRow(_Document):
    """A version in the list of versions (decision 2)."""

    version: VersionText
    yanked: bool = False
    deprecated: Deprecation | None = None
    checksum: Checksum
    published_at: str


class Metadata(VersionRow):
    """What the registry tells of one version (ORI-04 to ORI-07)."""

    name: PackageName
    description: str
    license: str | None = None
    authors: list[str] = []
    repository: str | None = None
    keywords: list[str] = []
    categories: list[str] = []
    dependencies: dict[str, Any]
    features: dict[str, list[str]]
    size: int
    log_index: int


class Published(_Document):
    """What a publish is acknowledged with."""

    name: PackageName
    version: VersionText
    checksum: Checksum
    published_at: str
    log_index: int


class SearchHit(_Document):
    """A package that a search found, by its newest version that is not yanked."""

    name: PackageName
    version: VersionText
    description: str
    deprecated: Deprecation | None = None


class SearchResult(_Document):
    """One page of what a search found, in the order of names."""

    packages: list[SearchHit]


class TransferRequest(_Document):
    """What is asked of a transfer: exactly one of the three (decision 7)."""

    to: User | None = None
    accept: Yes | None = None
    cancel: Yes | None = None


class Transfer(_Document):
    """A transfer that waits for its recipient."""

    to: str
    expires_at: str


class Owners(_Document):
    """Who owns a package; a transfer that waits is shown to its two parties."""

    package: PackageName
    owners: list[str]
    transfer: Transfer | None = None


class _Osv(BaseModel):
    model_config = ConfigDict(extra="allow")


class AffectedPackage(_Osv):
    """Which package (OSV, `affected[].package`)."""

    ecosystem: str
    name: str


class AffectedRange(_Osv):
    """From which version on, and up to which (OSV, `affected[].ranges`)."""

    type: Literal["SEMVER", "ECOSYSTEM", "GIT"]
    events: list[dict[Literal["introduced", "fixed", "last_affected", "limit"], str]]


class Affected(_Osv):
    """What is affected (OSV, `affected`)."""

    package: AffectedPackage | None = None
    ranges: list[AffectedRange] = []
    versions: list[str] = []


OsvTime: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]+)?Z$")
]


class Advisory(_Osv):
    """A security advisory in the OSV form; fields that are not named here are kept."""

    id: Filled
    modified: OsvTime
    published: OsvTime | None = None
    withdrawn: OsvTime | None = None
    summary: str | None = None
    details: str | None = None
    aliases: list[str] = []
    affected: list[Affected] = []


class Advisories(_Document):
    """One page of advisories, in the order of their ids (ORI-30)."""

    advisories: list[Advisory]
