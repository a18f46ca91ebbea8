"""Requests to one registry: broken if asked, sent, redirected; answers accepted or refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from regshape.errors import RegistryError
from regshape.model import Exchange, Request
from regshape.mutators.apply import apply
from regshape.protocols.oci.client.refusals import refusal
from regshape.protocols.oci.client.telemetry import TelemetryConfig, tell_call
from regshape.protocols.oci.client.transport_config import TransportConfig
from regshape.report.exchange_log import AUTH, Logged
from regshape.transport.capturing import Observed
from regshape.transport.client import open_client
from regshape.transport.faults import fault
from regshape.transport.locations import Place, place_of, resolved
from regshape.transport.streaming import Flow, FlowError, Outflow

ANSWER_LIMIT = 16 * 1024 * 1024
"""Longest document that is read, in bytes."""
REFUSAL_LIMIT = 64 * 1024
"""What is read of a refusal, in bytes."""
REDIRECTS = 5
"""Most redirects that are followed."""
_MOVED = frozenset({301, 302, 303, 307, 308})
_SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Task:
    """One request and what it is for.

    `operation` is the engine's name of it, `scope` what a token must allow, `place` where it goes
    if a Location said so, `doing` how errors begin, `expect` the statuses that are no refusal.
    """

    operation: str
    request: Request
    doing: str
    expect: Collection[int]
    scope: str | None = None
    place: Place | None = None
    content: Outflow | None = None


class Session:
    """A registry at a URL, and the way there.

    Args:
        url: the registry, with its scheme.
        config: the rest of what is known of it.
    """

    def __init__(self, url: str, config: TransportConfig) -> None:
        self._config = config
        self._is_discovered = False
        self.place = place_of(url)
        watched = config.log is not None or config.telemetry.debug_calls
        self._client = open_client(
            url,
            config.credentials,
            insecure=config.insecure,
            ca_file=config.ca_file,
            deadline=config.timeout,
            inner=config.inner,
            apply=apply if config.break_mode.enabled else None,
            retry=not config.break_mode.enabled,
            observe=self._observe if watched else None,
        )

    @property
    def telemetry(self) -> TelemetryConfig:
        """What is told of operations."""
        return self._config.telemetry

    def _observe(self, observed: Observed) -> None:
        if self._config.telemetry.debug_calls:
            tell_call(self._config.telemetry, observed.origin, observed.exchange)
        if self._config.log is not None:
            names = tuple(mutator.name for mutator in observed.mutators)
            operation = observed.operation or AUTH
            self._config.log(Logged(observed.origin, operation, names, observed.exchange))

    async def call(self, task: Task) -> Exchange:
        """Return the exchange of a request for a document, or of one without any.

        Raises:
            AuthError, RegistryError, TransportError: it was not done.
        """
        async with self.flow(task) as flow:
            body = await self.read(task, flow, ANSWER_LIMIT)
        return replace(flow.exchange, answer=body)

    async def read(self, task: Task, flow: Flow, limit: int) -> bytes:
        """Return an answer's body; raises `RegistryError` where it is longer than the limit."""
        try:
            body = await flow.read(limit + 1)
        except FlowError as error:
            raise fault(error.failure, task.doing) from error
        if len(body) > limit:
            raise RegistryError(f"{task.doing}: the answer is longer than {limit} bytes")
        return body

    @asynccontextmanager
    async def flow(self, task: Task) -> AsyncIterator[Flow]:
        """Give an accepted answer whose body has not been read; redirects are followed.

        Raises:
            AuthError, RegistryError, TransportError: it was not done.
        """
        async with AsyncExitStack() as stack:
            for _ in range(REDIRECTS + 1):
                flow = await self._begun(stack, task)
                exchange = flow.exchange
                location = exchange.header("location")
                if task.request.method not in _SAFE or exchange.status not in _MOVED:
                    break
                if location is None:
                    break
                await stack.aclose()
                task = self._redirected(task, location)
            else:
                raise RegistryError(f"{task.doing}: more than {REDIRECTS} redirects")
            if exchange.status not in task.expect:
                body = await self._refused(flow)
                raise refusal(replace(exchange, answer=body), task.operation, task.doing)
            yield flow

    async def _begun(self, stack: AsyncExitStack, task: Task) -> Flow:
        here = task.place is None or task.place.origin == self.place.origin
        mutators = self._config.break_mode.mutators(task.request, task.operation) if here else ()
        if self._config.break_mode.enabled and not self._is_discovered:
            # A broken request is not repeated with a token: how to get one must be known before.
            self._is_discovered = True
            await self._client.discover()
        opened = self._client.open(
            task.request,
            task.content,
            mutators,
            task.scope,
            origin=task.place.origin if task.place else None,
            operation=task.operation,
        )
        try:
            return await stack.enter_async_context(opened)
        except FlowError as error:
            raise fault(error.failure, task.doing) from error

    def _redirected(self, task: Task, location: str) -> Task:
        place = resolved(self.url_of(task), location)
        return replace(
            task, place=place, request=place.request(task.request.method, task.request.headers)
        )

    def url_of(self, task: Task) -> str:
        """Return the URL that a request was meant for, to resolve a Location against."""
        if task.place is not None:
            return task.place.url
        return self.place.origin + self.place.target.rstrip("/") + task.request.target()

    async def _refused(self, flow: Flow) -> bytes:
        try:
            return await flow.read(REFUSAL_LIMIT)
        except FlowError:  # the status says enough
            return b""

    async def __aenter__(self) -> Session:
        """Return the session itself."""
        return self

    async def __aexit__(self, *raised: object) -> None:
        """Close all connections."""
        await self._client.__aexit__()


class Part:
    """What one client does of the work on a registry, by the session that all of them share."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def telemetry(self) -> TelemetryConfig:
        """What is told of operations."""
        return self._session.telemetry
