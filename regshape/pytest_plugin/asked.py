"""The plugin's options: one table, and each option with its twin in the ini file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import pytest

FIXTURE = "fixture"
"""What `--regshape` stands for without a URL: the value of the fixture `regshape_target`."""

Kind: TypeAlias = Literal["text", "list", "path", "flag"]
INI_TYPES: Mapping[Kind, Literal["string", "args", "bool"]] = {
    "text": "string",
    "list": "args",
    "path": "string",
    "flag": "bool",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `--regshape-NAME` on the command line, `regshape_NAME` in the ini file."""

    name: str
    metavar: str
    about: str
    kind: Kind = "text"

    @property
    def key(self) -> str:
        """Its name in the ini file, and among the options of pytest's config."""
        return "regshape_" + self.name.replace("-", "_")


OPTIONS: Sequence[Option] = (
    Option("protocol", "NAME", "Protocol of the registry; oci by default."),
    Option("time", "DURATION", "Budget of the random search, after the sweep; 30s by default."),
    Option("max-requests", "N", "Stop after so many requests."),
    Option("seed", "N", "The campaign's seed; drawn and printed by default."),
    Option("only", "ID", "Requirements to judge; globs, repeatable.", "list"),
    Option("skip", "ID", "Requirements to leave out; globs, repeatable.", "list"),
    Option("spec", "VERSION", "Document to judge by; the newest released by default."),
    Option("baseline", "FILE", "Failures that are known; they are reported as xfail.", "path"),
    Option("fail-on", "LEVEL", "What fails a test: must (the default), should, never."),
    Option("insecure", "", "Do not check the registry's certificate.", "flag"),
    Option("ca-file", "FILE", "Certificates to trust, in PEM form.", "path"),
    Option("authorized", "", "The target is not this machine, and its owner agrees.", "flag"),
)
TARGET_ABOUT = (
    "Fuzz this registry, and report each requirement of its protocol as a test. Without URL: the "
    "one that the fixture regshape_target starts. Example: pytest --regshape http://127.0.0.1:5000"
)


def add_options(parser: pytest.Parser) -> None:
    """Add all options and their ini twins."""
    group = parser.getgroup("regshape", "RegShape: does a registry keep its protocol's promises?")
    group.addoption("--regshape", nargs="?", const=FIXTURE, metavar="URL", help=TARGET_ABOUT)
    parser.addini("regshape_target", f"Twin of --regshape URL, or the word {FIXTURE}.", default="")
    for option in OPTIONS:
        flag, known = f"--regshape-{option.name}", {"dest": option.key, "help": option.about}
        if option.kind == "flag":
            group.addoption(flag, action="store_true", **known)
        elif option.kind == "list":
            group.addoption(flag, action="append", metavar=option.metavar, **known)
        else:
            group.addoption(flag, metavar=option.metavar, **known)
        parser.addini(option.key, f"Twin of {flag}.", type=INI_TYPES[option.kind])


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line and the ini file say, the command line first; texts as they stand.

    `url` is None where neither names a registry; `insists` says that the command line does.
    """

    campaign: bool
    url: str | None
    insists: bool
    fields: Mapping[str, str | bool | Path | tuple[str, ...]]
    """By the options' names, with underscores; those that nobody gave are left out."""


def asked_of(config: pytest.Config) -> Asked:
    """Return what the config asks for."""
    typed = config.getoption("--regshape")
    target = typed or str(config.getini("regshape_target") or "")
    url = target if target not in ("", FIXTURE) else None
    found = {option.name.replace("-", "_"): _value(config, option) for option in OPTIONS}
    given = {name: value for name, value in found.items() if value}
    return Asked(bool(target), url, bool(typed) and url is not None, given)


def _value(config: pytest.Config, option: Option) -> str | bool | Path | tuple[str, ...]:
    typed, written = config.getoption(option.key), config.getini(option.key)
    if option.kind == "flag":
        return bool(typed or written)
    if option.kind == "list":
        return tuple(typed or written or ())
    if option.kind == "path" and (typed or written):
        folder = config.invocation_params.dir if typed else config.rootpath
        return folder / str(typed or written)
    return str(typed if typed is not None else written or "")
