"""What a caller asks of a campaign, checked before anything is sent: settings, names, durations."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError

from regshape.errors import UsageError
from regshape.settings import Settings, parse_duration

if TYPE_CHECKING:
    from regshape.catalog import Entry

MOST_NAMES = 12


def duration_of(option: str, text: str) -> float:
    """Return the seconds of an option's text; raises `UsageError` where it is no duration."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def check_names(noun: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise `UsageError` for the first name that does not exist, with those that are near."""
    existing = set(known)
    for name in names:
        if name not in existing:
            raise UsageError(unknown(noun, name, existing))


def check_globs(noun: str, patterns: Sequence[str], known: Sequence[str]) -> None:
    """Raise `UsageError` for the first pattern that matches nothing."""
    for pattern in patterns:
        if not fnmatch.filter(known, pattern):
            raise UsageError(unknown(noun, pattern, known))


def build_settings(**fields: object) -> Settings:
    """Return settings of checked fields; raises `UsageError` naming the option that is wrong."""
    return settings_of(fields, "--")


def settings_of(fields: Mapping[str, object], prefix: str) -> Settings:
    """Return settings of checked fields, as options have them whose names begin with `prefix`.

    Raises:
        UsageError: a field does not fit; names the option.
    """
    try:
        return Settings.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        option = prefix + str(first["loc"][0]).replace("_", "-")
        said = first["msg"].replace("Input should", "must").replace("String should", "must")
        raise UsageError(f"{option} {said}") from error


def unknown(noun: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence for a name that does not exist, with those that are near, or all."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3)
    if near:
        return f"there is no {noun} {name!r}; did you mean {' or '.join(near)}?"
    shown, left = names[:MOST_NAMES], len(names) - MOST_NAMES
    more = f" and {left} more" if left > 0 else ""
    return f"there is no {noun} {name!r}; there are: {', '.join(shown) or 'none'}{more}"


def check_settings(settings: Settings, entry: Entry) -> None:
    """Raise `UsageError` for the first name in the settings that the protocol does not have."""
    ids = [requirement.id for requirement in entry.protocol.requirements]
    check_globs("requirement", [*settings.only, *settings.skip], ids)
    check_names("mutator", settings.mutators, entry.mutator_names)
    check_names(f"defect of {settings.protocol}", settings.defects, entry.defects)
    versions = entry.protocol.versions
    if settings.spec is not None and settings.spec not in versions:
        raise UsageError(unknown("spec version", settings.spec, versions))
    if settings.corpus is not None and not settings.corpus.is_dir():
        raise UsageError(f"--corpus {settings.corpus}: there is no such folder")
