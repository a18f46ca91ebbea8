"""A registry that is an ASGI application in this very process."""

from __future__ import annotations

from typing import Any

import httpx


def asgi(app: Any) -> httpx.AsyncBaseTransport:
    """Return a transport to an ASGI application; what it raises becomes an answer of 500.

    Its lifespan is not run: an application that needs it has to be served.
    """
    return httpx.ASGITransport(app, raise_app_exceptions=False)
