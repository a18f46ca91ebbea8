"""A registry, for programs: `async with RegistryClient(TransportConfig("localhost:5000")) as r`."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

from regshape.errors import AuthError, RegistryError, TransportError, UsageError
from regshape.model import Request
from regshape.protocols.oci import calls
from regshape.protocols.oci.client.blob_client import BlobClient
from regshape.protocols.oci.client.list_clients import CatalogClient, TagClient
from regshape.protocols.oci.client.manifest_client import ManifestClient
from regshape.protocols.oci.client.referrer_client import ReferrerClient
from regshape.protocols.oci.client.session import Session, Task
from regshape.protocols.oci.client.telemetry import TelemetryConfig, track_time
from regshape.protocols.oci.client.transport_config import TransportConfig

DOCKER_HUB = "registry-1.docker.io"
"""Where `docker.io` keeps its registry."""
_HUB_NAMES = frozenset({"docker.io", "index.docker.io", "registry.hub.docker.com"})
_PING = Task("ping", Request("GET", calls.PING), "ping", frozenset({200}))


@dataclass(frozen=True, slots=True)
class Pong:
    """What a registry answered to a ping: its URL, and which version of the API it names."""

    url: str
    api_version: str | None


class RegistryClient:
    """The operations on a registry, by what they are for; an asynchronous context manager."""

    def __init__(self, config: TransportConfig) -> None:
        self._config = config
        self._session: Session | None = None

    async def __aenter__(self) -> RegistryClient:
        """Open the way to the registry; nothing is sent unless http or https is to be found out.

        Raises:
            UsageError: the registry is no address, or the CA file cannot be read.
        """
        self._open(await self._scheme())
        return self

    def _open(self, url: str) -> None:
        self._session = session = Session(url, self._config)
        self.manifests = ManifestClient(session)
        self.blobs = BlobClient(session)
        self.tags = TagClient(session)
        self.referrers = ReferrerClient(session)
        self.catalog = CatalogClient(session)

    async def _scheme(self) -> str:
        """Return the registry's URL: with http only where that is allowed and TLS not spoken."""
        named = self._config.registry.rstrip("/")
        if "://" in named:
            return named
        if not named or "/" in named:
            raise UsageError(f"{named!r} is no registry: write HOST, HOST:PORT, or a URL")
        secure = f"https://{DOCKER_HUB if named in _HUB_NAMES else named}"
        if not self._config.insecure or self._config.inner is not None:
            return secure
        try:
            async with Session(secure, TransportConfig(named, insecure=True)) as session:
                await session.call(_PING)
        except TransportError:
            return f"http://{named}"
        except (AuthError, RegistryError):
            return secure  # it speaks TLS, whatever it says
        return secure

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.__aexit__()

    @property
    def session(self) -> Session:
        """The way to the registry; raises `UsageError` outside of `async with`."""
        if self._session is None:
            raise UsageError("a RegistryClient is used in `async with`")
        return self._session

    @property
    def telemetry(self) -> TelemetryConfig:
        """What is told of operations."""
        return self._config.telemetry

    @track_time
    async def ping(self) -> Pong:
        """Ask whether the registry is one (spec.md, "Determining Support").

        Raises:
            AuthError: it wants credentials, or other ones.
            RegistryError: what answers is none.
        """
        exchange = await self.session.call(_PING)
        if (exchange.header("content-type") or "").startswith("text/html"):
            raise RegistryError(
                "ping: a web page answers there, no registry", status_code=exchange.status
            )
        version = exchange.header("docker-distribution-api-version")
        return Pong(self.session.place.url.rstrip("/"), version)
