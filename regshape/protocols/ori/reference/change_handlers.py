"""Changing what is told of a version: yank, unyank, deprecate. Its bytes never change."""

from __future__ import annotations

import json
from dataclasses import replace
from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from regshape.formats.media_type import bare_type
from regshape.protocols.ori.models import JSON, Deprecation, ErrorCode, TokenScope
from regshape.protocols.ori.reference.publish_handlers import Publishing
from regshape.protocols.ori.reference.records import Release
from regshape.protocols.ori.reference.traffic import Asked
from regshape.protocols.serving import Answer

MOST_JSON_BYTES = 64 * 1024
_Model = TypeVar("_Model", bound=BaseModel)


class Changes(Publishing):
    """The part of the registry in which owners look after their versions."""

    async def yank(self, asked: Asked) -> Answer:
        """Hide a version from resolution; again is no error (ORI-18, ORI-21)."""
        return self.change(replace(self.need_owned_release(asked), yanked=True))

    async def unyank(self, asked: Asked) -> Answer:
        """Bring a yanked version back; again is no error (ORI-20, ORI-21)."""
        return self.change(replace(self.need_owned_release(asked), yanked=False))

    async def deprecate(self, asked: Asked) -> Answer:
        """Give a version a message, in place of the one that it has (ORI-22, ORI-23)."""
        self.need_owned_release(asked)
        wanted = await self.receive(asked, Deprecation)
        return self.change(replace(self.need_owned_release(asked), deprecated=wanted.message))

    def need_owned_release(self, asked: Asked) -> Release:
        """Return the version that the path names, or refuse who may not change it (decision 8)."""
        user = self.need(asked, TokenScope.PUBLISH)
        self.need_owner(asked.package, user)
        return self.need_release(asked)

    def change(self, release: Release) -> Answer:
        """Keep what is told of a version from now on."""
        if release != self.shelf.releases[release.package][release.version]:
            self.journal.change_release(release)
            self.shelf.add(release)
        return self.document(HTTPStatus.OK, self.row(release))

    async def receive(self, asked: Asked, model: type[_Model]) -> _Model:
        """Return the JSON document that is posted, or refuse what is none."""
        kind = bare_type(asked.header(b"content-type") or "")
        if kind != JSON:
            raise self.refusal(ErrorCode.TYPE_UNSUPPORTED, f"the body has to be {JSON}")
        body = await asked.body.read(MOST_JSON_BYTES)
        try:
            document = json.loads(body.decode())
        except (ValueError, RecursionError) as error:
            raise self.refusal(ErrorCode.JSON_INVALID, "the body is no JSON") from error
        try:
            return model.model_validate(document)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = "/".join(str(word) for word in first["loc"])
            raise self.refusal(
                ErrorCode.FIELD_INVALID, f"{place}: {first['msg']}", pointer=f"#/{place}"
            ) from error
