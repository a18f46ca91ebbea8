"""What callers name, checked before anything is sent (spec.md, "Pulling manifests")."""

from __future__ import annotations

from regshape.errors import UsageError
from regshape.formats.digest import is_grammatical, parse
from regshape.protocols.oci.models import is_name, is_tag

PULL, PUSH, DELETE = "pull", "pull,push", "pull,delete"
"""What a token allows in a repository (Docker token scope grammar)."""


def repository(name: str) -> str:
    """Return the name of a repository; raises `UsageError` if none can have it."""
    if not is_name(name):
        raise UsageError(
            f"{name!r} is no repository: write lower-case words and digits, such as team/app"
        )
    return name


def reference(text: str) -> str:
    """Return a tag or digest; raises `UsageError` if it is neither."""
    if not is_tag(text) and not is_grammatical(text):
        raise UsageError(f"{text!r} is no tag and no digest")
    return text


def tag(text: str) -> str:
    """Return a tag; raises `UsageError` if it is none."""
    if not is_tag(text):
        raise UsageError(f"{text!r} is no tag: letters, digits, dots, dashes, 128 at most")
    return text


def digest(text: str) -> str:
    """Return a digest that can be verified; raises `UsageError` if it is none."""
    try:
        return str(parse(text))
    except ValueError as error:
        raise UsageError(str(error)) from error


def scope(name: str, actions: str) -> str:
    """Return what a token must allow."""
    return f"repository:{name}:{actions}"


def described(doing: str, name: str, of: str = "") -> str:
    """Return how an error begins: what was done to what."""
    separator = "@" if ":" in of else ":"
    return f"{doing} {name}{separator}{of}" if of else f"{doing} {name}"
