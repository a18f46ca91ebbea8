"""A campaign's settings: what flags, files and the environment end up as."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr

DURATION_UNITS: Mapping[str, float] = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

REPO_PREFIX = r"^[a-z0-9]+(?:[._/-][a-z0-9]+)*$"


class Settings(BaseModel):
    """Everything that decides what a campaign does. Durations are seconds, sizes are bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: str = "oci"
    implementation: str | None = None
    """What the registry is; None stands for what its headers say."""
    target: str | None = None
    """URL of the registry; None stands for the embedded reference registry."""
    spec: str | None = None
    """Version of the document to judge by; None stands for the newest released."""
    time: float | None = Field(default=30.0, ge=0)
    """Budget of the random search; the sweep before it always runs whole. None: no bound."""
    max_cases: int | None = Field(default=None, ge=1)
    max_requests: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0)
    concurrency: int = Field(default=16, ge=1, le=1024)
    workers: int = Field(default=1, ge=1, le=256)
    rate: float | None = Field(default=None, gt=0)
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    mutators: tuple[str, ...] = ()
    repo_prefix: str = Field(default="regshape", pattern=REPO_PREFIX)
    username: str | None = None
    password: SecretStr | None = None
    other_username: str | None = None
    """A second identity: what the first one keeps from it must not reach it."""
    other_password: SecretStr | None = None
    tokens: Mapping[str, SecretStr] = Field(default_factory=dict)
    """Bearer tokens by identity, for registries that hand them out beforehand."""
    other_repo_prefix: str | None = Field(default=None, pattern=REPO_PREFIX)
    """Where the second identity works; None stands for `repo_prefix` with `-other`."""
    insecure: bool = False
    ca_file: Path | None = None
    read_only: bool = False
    corpus: Path | None = None
    """A further directory of cases to run first, beside the built-in ones."""
    use_corpus: bool = True
    sweep: bool = True
    """Whether more than the corpus is run: without it there is no sweep and no search."""
    defects: tuple[str, ...] = ()
    """Defects to plant in the embedded reference registry."""
    deadline: float = Field(default=10.0, gt=0)
    """Longest time that one exchange may take."""
    grace: float = Field(default=2.0, ge=0)
    """Longest time after a 202 in which what was accepted need not have taken effect."""
    body_limit: int = Field(default=16 * 1024 * 1024, ge=1024)
    """Longest answer body that is read."""
    shrink_executions: int = Field(default=300, ge=0)
    confirmations: int = Field(default=5, ge=1)
    fail_on: Literal["must", "should", "never"] = "must"

    @property
    def other_prefix(self) -> str:
        """Where the second identity works."""
        return self.other_repo_prefix or f"{self.repo_prefix}-other"

    @property
    def other_user(self) -> str:
        """The name that the target knows the second identity by."""
        return self.other_username or "other"


def parse_duration(text: str) -> float:
    """Return the seconds that `45s`, `10m`, `2h`, `500ms` or a plain number stands for.

    Raises:
        ValueError: the text is none of these; the message says what is.
    """
    stripped = text.strip().lower()
    for unit in sorted(DURATION_UNITS, key=len, reverse=True):
        if stripped.endswith(unit) and _is_number(stripped[: -len(unit)]):
            return float(stripped[: -len(unit)]) * DURATION_UNITS[unit]
    if _is_number(stripped):
        return float(stripped)
    raise ValueError(f"{text!r} is no duration: write 45s, 10m or 2h")


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def is_local(url: str) -> bool:
    """Return whether the URL's host is this machine's loopback."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
