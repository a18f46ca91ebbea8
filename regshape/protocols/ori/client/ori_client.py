"""An Ori registry, for programs: `async with OriClient(OriConfig("https://host")) as r`."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from pydantic import RootModel

from regshape.errors import AuthError, DigestInvalidError, RegistryError, UsageError
from regshape.formats import semver
from regshape.formats.digest import Verifier
from regshape.formats.landing import Write, landing
from regshape.model import Request
from regshape.protocols.ori.client.conversation import Conversation, parsed
from regshape.protocols.ori.client.log_client import LogClient, Vouched
from regshape.protocols.ori.client.log_memory import LogMemory
from regshape.protocols.ori.client.ori_config import OriConfig
from regshape.protocols.ori.models import (
    FORM,
    OCTETS,
    Advisories,
    Advisory,
    Metadata,
    Owners,
    Published,
    SearchHit,
    SearchResult,
    VersionRow,
    is_package,
    is_version,
)
from regshape.protocols.ori.package import MOST_BYTES, Package, check, file_name
from regshape.transport.faults import fault
from regshape.transport.streaming import Flow, FlowError

_NOT_THERE = 404


class _Rows(RootModel[list[VersionRow]]):
    """A page of the list of versions."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A version whose archive has landed, and what vouches for it."""

    metadata: Metadata
    vouched: Vouched
    path: Path


class OriClient:
    """The operations on a registry; an asynchronous context manager.

    What comes from the registry is believed only where the log vouches for it: `download` and
    `pinned` verify, all else is the registry's word.
    """

    def __init__(self, config: OriConfig) -> None:
        self._config = config
        self._conversation: Conversation | None = None

    async def __aenter__(self) -> OriClient:
        """Open the way to the registry; nothing is sent.

        Raises:
            UsageError: the URL, the token or the log's key is none.
        """
        self._conversation = Conversation(self._config)
        memory = LogMemory(self._config.memory)
        self.log = LogClient(self._conversation, memory, self._config.log_key)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Close all connections."""
        if self._conversation is not None:
            await self._conversation.__aexit__()

    @property
    def _way(self) -> Conversation:
        if self._conversation is None:
            raise UsageError("an OriClient is used in `async with`")
        return self._conversation

    # what is there

    async def versions(self, package: str) -> list[VersionRow]:
        """Return a package's versions, the newest first.

        Raises, as all operations do:
            UsageError: no package can have that name.
            AuthError, RegistryError, TransportError: it was not done.
        """
        doing = f"list versions of {package}"
        target = f"{_at(package)}/versions"
        rows: list[VersionRow] = []
        async for page in self._way.pages(target, doing):
            rows += parsed(_Rows, page, doing).root
        return rows

    async def newest(self, package: str) -> str:
        """Return the newest version that is neither yanked nor, if there is another, a preview."""
        rows = [row for row in await self.versions(package) if not row.yanked]
        if not rows:
            raise RegistryError(f"{package} has no version that is not yanked: name one")
        return max(rows, key=_preference).version

    async def metadata(self, package: str, version: str) -> Metadata:
        """Return what the registry tells of a version; raises `RegistryError` if of another."""
        doing = f"read metadata of {package}@{version}"
        target = f"{_at(package, version)}/metadata"
        found = await self._way.document(Metadata, target, doing)
        if (found.name, found.version) != (package, version):
            raise RegistryError(f"{doing}: they are those of {found.name}@{found.version}")
        return found

    async def pinned(self, package: str, version: str) -> Vouched:
        """Return a version's checksum once the log vouches for it; raises `LogError` else."""
        found = await self.metadata(package, version)
        return await self.log.vouch(package, version, found.checksum)

    async def download(self, package: str, version: str, path: Path) -> Downloaded:
        """Put a version's archive into a file, which is there only if the log vouches for it.

        Raises:
            DigestInvalidError: the bytes have another checksum than the registry says.
            LogError, LogForkError: the log does not vouch for the checksum.
            FileError: the file cannot be written.
        """
        metadata = await self.metadata(package, version)
        doing = f"download {package}@{version}"
        target = f"{_at(package, version)}/download"
        async with landing(path) as write:
            async with self._way.flow(target, doing) as flow:
                await _written(flow, write, metadata.checksum, doing)
            vouched = await self.log.vouch(package, version, metadata.checksum)
        return Downloaded(metadata, vouched, path)

    async def search(self, query: str) -> AsyncIterator[SearchHit]:
        """Give the packages that a search finds, page by page as they are wanted."""
        doing = f"search for {query[:60]!r}"
        async for page in self._way.pages(f"/v1/search?q={quote(query, safe='')}", doing):
            for hit in parsed(SearchResult, page, doing).packages:
                yield hit

    async def advisories(self) -> list[Advisory]:
        """Return all security advisories."""
        doing, found = "read advisories", list[Advisory]()
        async for page in self._way.pages("/v1/advisories", doing):
            found += parsed(Advisories, page, doing).advisories
        return found

    async def owners(self, package: str) -> Owners:
        """Return who owns a package, and to its parties the transfer that waits."""
        return await self._way.document(
            Owners, f"{_at(package)}/owners", f"list owners of {package}"
        )

    # what changes something

    async def publish(self, data: bytes) -> Vouched:
        """Publish an archive, and return its place in the log once that is proved.

        Raises:
            PackageError: it is no archive that can be published; nothing was sent.
            LogError: it was published, and the log does not vouch for it.
        """
        package = check(data)
        doing = f"publish {package.name}@{package.version}"
        headers, body = _form(package, data)
        target = f"{_at(package.name)}/publish"
        request = Request("POST", target, headers=headers, body=body)
        done = parsed(Published, await self._way.ask(request, doing), doing)
        if done.checksum != package.checksum:
            raise RegistryError(f"{doing}: it was published with the checksum {done.checksum}")
        return await self.log.vouch(package.name, package.version, package.checksum)

    async def rehearse(self, data: bytes) -> Package:
        """Do what a publish does, but for sending the archive.

        Raises:
            AuthError: there is no token.
            PackageError: it is no archive that can be published.
            RegistryError: it would be refused: the version is there, or a dependency is not.
        """
        package = check(data)
        doing = f"publish {package.name}@{package.version}"
        if self._config.token is None:
            raise AuthError(f"{doing}: there is no token for {self._way.url}")
        if await self._is_there(package.name, package.version):
            raise RegistryError(f"{doing}: this version is there already: raise the version")
        for locked, checksum in package.lock.checksums.items():
            name, _, version = locked.partition(":")
            found = await self.metadata(name, version)
            if found.checksum != checksum:
                raise RegistryError(
                    f"{doing}: {locked} is locked to {checksum}, the registry has {found.checksum}"
                )
        return package

    async def _is_there(self, package: str, version: str) -> bool:
        try:
            await self.metadata(package, version)
        except RegistryError as error:
            if error.status_code == _NOT_THERE:
                return False
            raise
        return True

    async def yank(self, package: str, version: str) -> None:
        """Hide a version from who looks for one; who has it locked still gets it."""
        await self._post(_at(package, version), "yank", None, f"yank {package}@{version}")

    async def unyank(self, package: str, version: str) -> None:
        """Take a yank back."""
        await self._post(_at(package, version), "unyank", None, f"unyank {package}@{version}")

    async def deprecate(self, package: str, version: str, message: str) -> None:
        """Say why a version should not be used any more."""
        doing = f"deprecate {package}@{version}"
        await self._post(_at(package, version), "deprecate", {"message": message}, doing)

    async def offer(self, package: str, user: str) -> None:
        """Begin a transfer, which waits until the user accepts it (decision 7)."""
        await self._post(_at(package), "transfer", {"to": user}, f"transfer {package} to {user}")

    async def accept(self, package: str) -> None:
        """Accept a transfer as its recipient."""
        await self._post(
            _at(package), "transfer", {"accept": True}, f"accept the transfer of {package}"
        )

    async def cancel(self, package: str) -> None:
        """Cancel a transfer as the owner."""
        await self._post(
            _at(package), "transfer", {"cancel": True}, f"cancel the transfer of {package}"
        )

    async def _post(
        self, where: str, action: str, body: Mapping[str, Any] | None, doing: str
    ) -> None:
        await self._way.post(f"{where}/{action}", body, doing)


def _at(package: str, version: str | None = None) -> str:
    """Return the path of a package or version; raises `UsageError` where there can be none."""
    if not is_package(package):
        raise UsageError(f"{package[:80]!r} is no package: write @scope/name")
    if version is not None and not is_version(version):
        raise UsageError(f"{version[:80]!r} is no version: write MAJOR.MINOR.PATCH")
    path = f"/v1/packages/{package.removeprefix('@')}"
    return path if version is None else f"{path}/{version}"


def _preference(row: VersionRow) -> tuple[bool, semver.Version]:
    version = semver.parse(row.version)
    return not version.pre, version


async def _written(flow: Flow, write: Write, checksum: str, doing: str) -> None:
    verifier, count = Verifier(checksum), 0
    try:
        async for piece in flow.pieces():
            count += len(piece)
            if count > MOST_BYTES:
                raise RegistryError(f"{doing}: the archive is longer than {MOST_BYTES} bytes")
            verifier.update(piece)
            await write(piece)
    except FlowError as error:
        raise fault(error.failure, doing) from error
    if not verifier.is_met():
        raise DigestInvalidError(
            f"{doing}: the bytes have the checksum {verifier.digest()}, not {checksum}"
        )


def _form(package: Package, data: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Return headers and body of a publish (RFC 7578, decision 10)."""
    boundary = secrets.token_hex(16)
    name = file_name(package.name, package.version)
    lines = (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="checksum"\r\n\r\n'
        f"{package.checksum}\r\n"
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="package"; filename="{name}"\r\n'
        f"Content-Type: {OCTETS}\r\n\r\n"
    )
    body = lines.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return (("Content-Type", f"{FORM}; boundary={boundary}"),), body
