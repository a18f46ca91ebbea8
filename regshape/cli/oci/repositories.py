"""`regshape catalog`: list a registry's repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regshape.cli.oci.paging import AllOption, LastOption, LimitOption, Page, check_pages, show
from regshape.cli.oci.shared import Options, group, with_options
from regshape.cli.sentences import Commands

if TYPE_CHECKING:
    from regshape.protocols.oci.client import RegistryClient

LIST = "list"


class Listing(Commands):
    """A group whose only command need not be named: `regshape catalog --all`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments, `list` among them."""
        if LIST not in args and "--help" not in args and (not args or args[0].startswith("-")):
            args = [LIST, *args]
        return super().parse_args(ctx, args)


catalog = group(
    "catalog",
    "Repositories: list them (`list` may be left out).",
    "regshape catalog -r 127.0.0.1:5000 --all",
    Listing,
)


def list_repositories(
    options: Options,
    *,
    limit: LimitOption = None,
    last: LastOption = None,
    all_pages: AllOption = False,
) -> None:
    """List the registry's repositories, one a line: what it gives at once, or all."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.image_reference import chosen

    check_pages(limit, last, all_pages=all_pages)

    async def work(client: RegistryClient) -> Page:
        if all_pages:
            return Page([name async for name in client.catalog.all(limit)])
        listed = await client.catalog.list(limit=limit, last=last)
        return Page(listed.repositories, listed.has_more)

    page = run(options, chosen(options.registry), work)
    show(options, {"repositories": list(page.items)}, page)


catalog.command(LIST, epilog="Example: regshape catalog list -r 127.0.0.1:5000 --limit 10")(
    with_options(list_repositories)
)
