"""`regshape tag`: list and delete tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from regshape.cli.oci.manifest import delete_reference
from regshape.cli.oci.paging import AllOption, LastOption, LimitOption, Page, check_pages, show
from regshape.cli.oci.shared import Options, group, with_options
from regshape.errors import UsageError

if TYPE_CHECKING:
    from regshape.protocols.oci.client import RegistryClient

tag = group("tag", "Tags: list, delete.", "regshape tag list -r 127.0.0.1:5000 app --all")

RepositoryArgument = Annotated[str, typer.Argument(metavar="REPO", help="A repository's name.")]


def list_tags(
    options: Options,
    repo: RepositoryArgument,
    *,
    limit: LimitOption = None,
    last: LastOption = None,
    all_pages: AllOption = False,
) -> None:
    """List a repository's tags, one a line: what the registry gives at once, or all."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.image_reference import parse_repository

    check_pages(limit, last, all_pages=all_pages)
    named = parse_repository(repo, options.registry)

    async def work(client: RegistryClient) -> Page:
        if all_pages:
            return Page([name async for name in client.tags.all(named.name, limit)])
        listed = await client.tags.list(named.name, limit=limit, last=last)
        return Page(listed.tags, listed.has_more)

    page = run(options, named.registry, work)
    show(options, {"name": named.name, "tags": list(page.items)}, page)


def delete_tag(
    options: Options,
    repo: RepositoryArgument,
    name: Annotated[str, typer.Argument(metavar="TAG", help="The tag.")],
) -> None:
    """Delete a tag, where the registry has that; its manifest stays."""
    from regshape.cli.oci.image_reference import parse_repository
    from regshape.protocols.oci.models import is_tag

    named = parse_repository(repo, options.registry)
    if not is_tag(name):
        raise UsageError(f"{name!r} is no tag; `regshape manifest delete` takes digests")
    delete_reference(options, named.registry, named.name, name)


tag.command("list", epilog="Example: regshape tag list -r 127.0.0.1:5000 app --all")(
    with_options(list_tags)
)
tag.command("delete", epilog="Example: regshape tag delete -r 127.0.0.1:5000 app v1")(
    with_options(delete_tag)
)
