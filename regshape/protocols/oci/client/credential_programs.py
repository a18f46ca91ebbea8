"""Programs that keep logins: `docker-credential-NAME get|store|erase`, over stdin and stdout.

Source: docker/docker-credential-helpers, README.md, "Development".
"""

from __future__ import annotations

import json
from subprocess import CompletedProcess, TimeoutExpired, run

from anyio import to_thread
from pydantic import BaseModel, Field, ValidationError

from regshape.errors import AuthError
from regshape.transport.auth import Credentials

SECONDS = 30.0
"""How long a program may take: it may ask its user for a password."""
_TOKEN_USER = "<token>"  # noqa: S105 - the name that goes with an identity token
_NONE = (b"credentials not found", b"no credentials")


class _Answer(BaseModel):
    username: str = Field(alias="Username")
    secret: str = Field(alias="Secret")


async def fetched(program: str, server: str) -> Credentials | None:
    """Return what a program keeps for a server, or None.

    Raises:
        AuthError: the program is missing, fails, or does not end in time.
    """
    done = await _run(program, "get", server.encode())
    if done.returncode:
        if any(words in done.stdout.lower() for words in _NONE):
            return None
        raise _failed(program, "get", done)
    try:
        answer = _Answer.model_validate_json(done.stdout)
    except ValidationError:
        raise AuthError(f"docker-credential-{program} get: its answer is no login") from None
    if answer.username == _TOKEN_USER:
        return Credentials("", "", answer.secret)
    return Credentials(answer.username, answer.secret) if answer.username else None


async def stored(program: str, server: str, credentials: Credentials) -> None:
    """Let a program keep a login; raises `AuthError` as `fetched` does."""
    token = credentials.identity_token
    login = {
        "ServerURL": server,
        "Username": _TOKEN_USER if token else credentials.username,
        "Secret": token or credentials.password,
    }
    done = await _run(program, "store", json.dumps(login).encode())
    if done.returncode:
        raise _failed(program, "store", done)


async def erased(program: str, server: str) -> None:
    """Let a program forget a login; raises `AuthError` as `fetched` does."""
    done = await _run(program, "erase", server.encode())
    if done.returncode and not any(words in done.stdout.lower() for words in _NONE):
        raise _failed(program, "erase", done)


async def _run(program: str, action: str, given: bytes) -> CompletedProcess[bytes]:
    name = f"docker-credential-{program}"
    if not program or "/" in program:
        raise AuthError(f"{name!r} is no credential program: mend credsStore or credHelpers")
    try:
        return await to_thread.run_sync(_finished, [name, action], given)
    except FileNotFoundError:
        raise AuthError(
            f"{name} is missing: install it, or mend credsStore and credHelpers"
        ) from None
    except TimeoutExpired:
        raise AuthError(f"{name} {action} did not end within {SECONDS:g} s") from None
    except OSError as error:
        raise AuthError(f"{name} cannot be run: {error.strerror}") from error


def _finished(command: list[str], given: bytes) -> CompletedProcess[bytes]:
    # Not anyio's run_process: that fails where a program does not read what it is given.
    return run(command, input=given, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603


def _failed(program: str, action: str, done: CompletedProcess[bytes]) -> AuthError:
    # What it prints may hold what it keeps: the status must do.
    return AuthError(f"docker-credential-{program} {action} failed with status {done.returncode}")
