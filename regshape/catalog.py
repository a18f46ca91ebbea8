"""The protocols, one explicit entry each."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hypothesis import strategies as st

from regshape.errors import UsageError
from regshape.model import Case, Defect, Mutator, RegistryProtocol
from regshape.protocols.oci import breaks as oci_breaks
from regshape.protocols.oci.defects import DEFECTS as OCI_DEFECTS
from regshape.protocols.oci.defects import planted as oci_planted
from regshape.protocols.oci.protocol import Oci
from regshape.protocols.oci.reference import Reference, ReferenceOptions
from regshape.protocols.oci.reference.odd import ODD
from regshape.protocols.ori import breaks as ori_breaks
from regshape.protocols.ori.defects import DEFECTS as ORI_DEFECTS
from regshape.protocols.ori.defects import planted as ori_planted
from regshape.protocols.ori.protocol import Ori
from regshape.protocols.ori.reference.campaigns import ODD as ORI_ODD
from regshape.protocols.ori.reference.campaigns import OPTIONS as ORI_OPTIONS
from regshape.protocols.ori.reference.campaigns import TOKENS as ORI_TOKENS
from regshape.protocols.ori.reference.own_times import OwnTimes
from regshape.strategies import oci as oci_strategies
from regshape.strategies import oci_races, oci_tours, ori_tours
from regshape.strategies import ori as ori_strategies
from regshape.strategies.common import Breaks, Move

App: TypeAlias = Callable[..., Any]
"""An ASGI application."""


@dataclass(frozen=True, slots=True)
class ReferenceSettings:
    """How an embedded reference registry is set up, in words that every protocol has."""

    auth: str = "none"
    users: Mapping[str, str] = field(default_factory=dict)
    rights: Mapping[str, Mapping[str, Collection[str]]] = field(default_factory=dict)
    delete: bool = True
    odd: str | None = None
    """The name of an odd twin in place of the reference: it conforms in unusual ways."""
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One protocol: its model and table, what generates its cases, its reference registry."""

    protocol: RegistryProtocol
    moves: Sequence[Move]
    programs: Sequence[Case]
    breaks: Mapping[str, tuple[Mutator, ...]]
    cases: Callable[[Sequence[Move], Breaks], st.SearchStrategy[Case]]
    defects: Mapping[str, Defect]
    reference: Callable[[ReferenceSettings], App]
    odd: Sequence[str]
    """The names of its odd twins."""
    corpus: str
    """The folder of `regshape.corpora` with its regression cases."""
    status: str
    races: Sequence[Case] = ()
    """What the sweep does at the same time."""
    tokens: Mapping[str, str] = field(default_factory=dict)
    """The bearer tokens by identity that its embedded reference registry knows; no secrets."""

    @property
    def mutator_names(self) -> frozenset[str]:
        """The names of all mutators that its operations can be broken with."""
        return frozenset(m.name for group in self.breaks.values() for m in group)


def _oci_reference(settings: ReferenceSettings) -> App:
    options = ReferenceOptions(
        auth=settings.auth,  # type: ignore[arg-type]
        users=settings.users,
        rights=settings.rights,
        delete=settings.delete,
    )
    ordinary = ODD[settings.odd] if settings.odd is not None else Reference
    return oci_planted(settings.defects, ordinary)(options).app


def _ori_reference(settings: ReferenceSettings) -> App:
    ordinary = ORI_ODD[settings.odd] if settings.odd is not None else OwnTimes
    return ori_planted(settings.defects, ordinary)(ORI_OPTIONS).app


PROTOCOLS: Mapping[str, Entry] = {
    "oci": Entry(
        protocol=Oci(),
        moves=oci_strategies.MOVES,
        programs=(*oci_tours.TOURS, *oci_races.TOUR, *oci_strategies.PROGRAMS),
        breaks=oci_breaks.BREAKS,
        cases=oci_strategies.cases,
        defects=OCI_DEFECTS,
        reference=_oci_reference,
        odd=tuple(ODD),
        corpus="oci",
        status="OCI distribution 1.1 and development, complete campaigns",
        races=oci_races.RACES,
    ),
    "ori": Entry(
        protocol=Ori(),
        moves=ori_strategies.MOVES,
        programs=(
            *ori_tours.TOURS,
            *ori_strategies.TOUR,
            *ori_strategies.PROGRAMS,
            *ori_strategies.LIMITS,
        ),
        breaks=ori_breaks.BREAKS,
        cases=ori_strategies.cases,
        defects=ORI_DEFECTS,
        reference=_ori_reference,
        odd=tuple(ORI_ODD),
        corpus="ori",
        status="Ori package registry, complete campaigns",
        races=(*ori_strategies.RACES, *ori_strategies.LAST),
        tokens=ORI_TOKENS,
    ),
}


def find(name: str) -> Entry:
    """Return the entry of that name.

    Raises:
        UsageError: there is none; names those that come near, or all.
    """
    if name in PROTOCOLS:
        return PROTOCOLS[name]
    near = difflib.get_close_matches(name, PROTOCOLS) or sorted(PROTOCOLS)
    raise UsageError(f"no protocol {name!r}: there is {', '.join(near)}")
