"""Image references: where a registry ends and a repository begins, and what it is asked for.

`[REGISTRY/]NAME[:TAG][@DIGEST]`. The first part of a name is a registry if it has a dot or a colon,
or is `localhost`, as every other client has it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from regshape.errors import UsageError
from regshape.formats import digest as digests
from regshape.protocols.oci.models import is_name, is_tag

DEFAULT_TAG = "latest"
DEFAULT_REGISTRY = "REGSHAPE_REGISTRY"
"""The variable with the registry of commands that name none."""


@dataclass(frozen=True, slots=True)
class ImageReference:
    """A registry's address as it was written, a repository, and a tag or digest or neither."""

    registry: str
    name: str
    tag: str | None = None
    digest: str | None = None

    @property
    def reference(self) -> str:
        """What the registry is asked for: the digest if there is one, or else the tag."""
        return self.digest or self.tag or DEFAULT_TAG

    def __str__(self) -> str:
        mark = "@" if self.digest else ":"
        return f"{self.name}{mark}{self.reference}"


def parse_image(text: str, registry: str | None) -> ImageReference:
    """Return what an image reference says; the registry stands in it or in the option, not both.

    Raises:
        UsageError: it is none, or no registry or two are named.
    """
    what = f"image reference {text!r}"
    rest, at, digest = text.partition("@")
    if at:
        _check_digest(digest, what)
    embedded, rest = _split_registry(rest)
    name, colon, tag = rest.partition(":")
    if colon and not is_tag(tag):
        raise UsageError(f"{what}: {tag!r} is no tag")
    _check_name(name, what)
    if embedded and registry:
        raise UsageError(
            f"{what} names the registry {embedded}, and so does --registry: leave one of them out"
        )
    return ImageReference(chosen(embedded or registry), name, tag or None, digest or None)


def parse_repository(text: str, registry: str | None) -> ImageReference:
    """Return a repository of the registry that the option names.

    Raises:
        UsageError: it is no repository's name, has a registry in it, or none is named.
    """
    embedded, name = _split_registry(text)
    if embedded:
        raise UsageError(
            f"repository {text!r} has a registry in it: write --registry {embedded} {name}"
        )
    _check_name(text, f"repository {text!r}")
    return ImageReference(chosen(registry), text)


def checked_digest(text: str) -> str:
    """Return the digest; raises `UsageError` where it is none."""
    _check_digest(text, "DIGEST")
    return text


def _check_digest(text: str, what: str) -> None:
    try:
        digests.parse(text)
    except ValueError as error:
        raise UsageError(f"{what}: {error}") from error


def chosen(registry: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the registry, or that of the environment; raises `UsageError` if there is none."""
    found = registry or environment.get(DEFAULT_REGISTRY)
    if found:
        return found
    raise UsageError(
        f"no registry is named: write --registry HOST[:PORT], or set {DEFAULT_REGISTRY}"
    )


def named_once(address: str | None, registry: str | None) -> str:
    """Return the registry of an argument or of the option; raises `UsageError` if not one."""
    if address and registry:
        raise UsageError("the registry is named twice: leave out --registry, or REGISTRY")
    return chosen(address or registry)


def _split_registry(text: str) -> tuple[str, str]:
    scheme, mark, rest = text.partition("://")
    if mark:
        raise UsageError(f"{text!r}: leave out {scheme}:// here; --registry may have it")
    first, slash, rest = text.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first):
        return first, rest
    return "", text


def _check_name(name: str, what: str) -> None:
    if is_name(name):
        return
    hint = ": it has no upper-case letters" if is_name(name.lower()) else ""
    raise UsageError(f"{what}: {name!r} is no repository's name{hint}")
