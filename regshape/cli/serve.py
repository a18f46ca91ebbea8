"""`regshape serve`: a reference registry on a port."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regshape.cli.options import ProtocolOption
from regshape.errors import UsageError

if TYPE_CHECKING:
    import socket

    import anyio

ACTIONS = frozenset({"pull", "push", "delete"})
GRACE_SECONDS = 2
KEEP_ALIVE_SECONDS = 75


class Auth(StrEnum):
    """How the reference registry asks for credentials."""

    NONE = "none"
    BASIC = "basic"
    BEARER = "bearer"


def serve(  # noqa: PLR0913 - one parameter per option
    *,
    protocol: ProtocolOption = "oci",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any free.")] = 5000,
    defect: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Plant a defect; repeatable.")
    ] = None,
    user: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:PASSWORD", help="Who may log in; repeatable."),
    ] = None,
    grant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:GLOB:ACTIONS",
            help="What a user may do, and nothing else: ann:team/*:pull,push,delete; "
            "without NAME who shows no credentials. Who has none may do everything. Repeatable.",
        ),
    ] = None,
    auth: Annotated[Auth, typer.Option(help="How to ask for credentials.")] = Auth.NONE,
    odd: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A twin that conforms in unusual ways: sparing, ..."),
    ] = None,
    no_delete: Annotated[bool, typer.Option("--no-delete", help="Refuse to delete.")] = False,
    stop_with_stdin: Annotated[bool, typer.Option("--stop-with-stdin", hidden=True)] = False,
) -> None:
    """Serve a reference registry, with defects planted if asked."""
    from regshape.catalog import ReferenceSettings, find
    from regshape.engine.wanted import check_names

    entry = find(protocol)
    planted = tuple(defect or ())
    check_names(f"defect of {protocol}", planted, entry.defects)
    check_names(f"odd twin of {protocol}", [odd] if odd is not None else [], entry.odd)
    users = _users(user or ())
    if auth is not Auth.NONE and not users:
        raise UsageError(f"--auth {auth.value} needs at least one --user NAME:PASSWORD")
    settings = ReferenceSettings(
        auth=auth.value,
        users=users,
        rights=_rights(grant or ()),
        delete=not no_delete,
        odd=odd,
        defects=planted,
    )
    app = entry.reference(settings)
    with bound(host, port) as listener:
        run_app(app, listener, stop_with_stdin=stop_with_stdin)


def _users(pairs: Sequence[str]) -> Mapping[str, str]:
    users: dict[str, str] = {}
    for pair in pairs:
        name, separator, password = pair.partition(":")
        if not separator or not name:
            raise UsageError("--user must be NAME:PASSWORD")
        users[name] = password
    return users


def _rights(grants: Sequence[str]) -> Mapping[str, Mapping[str, Collection[str]]]:
    rights: dict[str, dict[str, Collection[str]]] = {}
    for grant in grants:
        name, _, rest = grant.partition(":")
        glob, separator, listed = rest.rpartition(":")
        actions = listed.split(",")
        if not separator or not set(actions) <= ACTIONS:
            raise UsageError("--grant must be NAME:GLOB:ACTIONS, of pull, push and delete")
        rights.setdefault(name, {})[glob] = actions
    return rights


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a socket that is bound to the address.

    Raises:
        UsageError: it is none of this machine, or the port is taken.
    """
    import socket

    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # The protocol is named, or asyncio leaves Nagle's algorithm on: 44 ms for each answer.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:  # the latter: a name that no resolver is asked for
        raise UsageError(f"--host {host} is no address of this machine: {error}") from error
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            raise UsageError(
                f"cannot listen on port {port} of {host}: {error.strerror}; "
                "choose another with --port (0: any free)"
            ) from error
        yield listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run_app(
    app: Any, listener: socket.socket, *, stop_with_stdin: bool = False, lines: Sequence[str] = ()
) -> None:
    """Serve until SIGTERM or Ctrl-C. The address is printed once it can be used, then `lines`."""
    import anyio
    import uvicorn

    from regshape.cli.embedded import LISTENING
    from regshape.cli.interrupt import until_stopped

    class Announcing(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield  # uvicorn's own way raises the signal again: the exit status would not be 0

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            typer.echo("\n".join([f"{LISTENING}{_url(listener)}", *lines]))
            sys.stdout.flush()

    server = Announcing(
        uvicorn.Config(
            app,
            log_level="critical",  # what is sent on purpose is nothing to complain of
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )

    async def work(stop: anyio.Event) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(_wait, stop, server)
            if stop_with_stdin:
                group.start_soon(_wait_for_stdin, stop)
            await server.serve(sockets=[listener])
            group.cancel_scope.cancel()

    anyio.run(until_stopped, work)


async def _wait(stop: anyio.Event, server: Any) -> None:
    await stop.wait()
    server.should_exit = True


async def _wait_for_stdin(stop: anyio.Event) -> None:
    from anyio import to_thread

    # Not sys.stdin: a thread that holds its lock when the interpreter ends is a fatal error.
    while await to_thread.run_sync(os.read, 0, 1024, abandon_on_cancel=True):
        pass
    stop.set()
