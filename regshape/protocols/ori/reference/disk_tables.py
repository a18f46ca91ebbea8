"""The tables of a registry on disk.

A version's row is its place in the log, too: there is no moment at which it is in one and not in
the other.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from regshape.protocols.ori.models import TokenScope
from regshape.protocols.ori.reference.records import Grant, Holding, Offer, Release, Token

SCHEMA_VERSION = 1
METADATA = sa.MetaData()

IDENTITY = sa.Table(
    "identity",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("schema", sa.Integer, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("seed", sa.LargeBinary, nullable=False),
)
SCOPES = sa.Table(
    "scopes",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
)
PACKAGES = sa.Table(
    "packages",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("offered_to", sa.Text),
    sa.Column("offer_ends", sa.Float),
)
VERSIONS = sa.Table(
    "versions",
    METADATA,
    sa.Column("log_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("package", sa.Text, sa.ForeignKey("packages.name"), nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("checksum", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("published", sa.Float, nullable=False),
    sa.Column("about", sa.JSON, nullable=False),
    sa.Column("yanked", sa.Boolean, nullable=False),
    sa.Column("deprecated", sa.Text),
    sa.UniqueConstraint("package", "version"),
)
TOKENS = sa.Table(
    "tokens",
    METADATA,
    sa.Column("hashed", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("expires", sa.Float),
    sa.Column("created", sa.Float, nullable=False),
)


def holding_row(holding: Holding) -> dict[str, Any]:
    """Return the row of a package."""
    offer = holding.offer
    return {
        "name": holding.package,
        "owner": holding.owner,
        "offered_to": offer.to if offer else None,
        "offer_ends": offer.expires if offer else None,
    }


def holding_of(row: sa.Row[Any]) -> Holding:
    """Return the package of a row."""
    offer = None if row.offered_to is None else Offer(row.offered_to, row.offer_ends)
    return Holding(row.name, row.owner, offer)


def release_row(release: Release) -> dict[str, Any]:
    """Return the row of a version."""
    return {
        "log_index": release.log_index,
        "package": release.package,
        "version": release.version,
        "checksum": release.checksum,
        "size": release.size,
        "published": release.published,
        "about": dict(release.about),
        "yanked": release.yanked,
        "deprecated": release.deprecated,
    }


def release_of(row: sa.Row[Any]) -> Release:
    """Return the version of a row."""
    return Release(**row._mapping)  # noqa: SLF001 - the documented name of it


def token_row(token: Token) -> dict[str, Any]:
    """Return the row of a token."""
    return {
        "hashed": token.hashed,
        "id": token.id,
        "user": token.grant.user,
        "scopes": " ".join(sorted(token.grant.scopes)),
        "expires": token.grant.expires,
        "created": token.created,
    }


def token_of(row: sa.Row[Any]) -> Token:
    """Return the token of a row."""
    scopes = frozenset(TokenScope(word) for word in row.scopes.split())
    return Token(row.id, row.hashed, Grant(row.user, scopes, row.expires), row.created)
