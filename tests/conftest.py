"""What all tests share: how hard Hypothesis tries, and the reference registry on a real socket."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import anyio
import pytest
import uvicorn
from hypothesis import HealthCheck, settings

Serve: TypeAlias = Callable[[Any], AbstractAsyncContextManager[str]]
"""Given an ASGI application, serves it for as long as the block lasts, and yields its URL."""

# No deadlines: other processes run on the same cores, and what they take is no one's fault.
_SLOW_MACHINE = [HealthCheck.too_slow]
settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile(
    "ci", max_examples=50, deadline=None, derandomize=True, suppress_health_check=_SLOW_MACHINE
)
settings.register_profile(
    "nightly", max_examples=2000, deadline=None, suppress_health_check=_SLOW_MACHINE
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


@asynccontextmanager
async def _serving(app: Any) -> AsyncIterator[str]:
    # The protocol is named, or asyncio leaves Nagle's algorithm on: 44 ms for each answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # from here on connections wait until the server takes them
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True


@pytest.fixture
def serve() -> Serve:
    """Serve an ASGI application over uvicorn on a free port: `async with serve(app) as url`."""
    return _serving
