"""`regshape referrer`: list what refers to a manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from regshape.cli.oci.shared import Options, group, with_options
from regshape.cli.oci.tag import RepositoryArgument

if TYPE_CHECKING:
    from regshape.protocols.oci.client import RegistryClient
    from regshape.protocols.oci.models import Descriptor

DigestArgument = Annotated[str, typer.Argument(metavar="DIGEST", help="sha256:... or sha512:...")]
referrer = group(
    "referrer",
    "Referrers: list what refers to a manifest.",
    "regshape referrer list -r 127.0.0.1:5000 app sha256:...",
)


def list_referrers(
    options: Options,
    repo: RepositoryArgument,
    digest: DigestArgument,
    *,
    artifact_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Only those of this artifact type.")
    ] = None,
) -> None:
    """List the signatures, SBOMs and other manifests whose subject it is, from all pages."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.image_reference import checked_digest, parse_repository
    from regshape.cli.oci.showing import print_json, print_table

    named = parse_repository(repo, options.registry)
    subject = checked_digest(digest)

    async def work(client: RegistryClient) -> list[Descriptor]:
        return [item async for item in client.referrers.all(named.name, subject, artifact_type)]

    found = run(options, named.registry, work)
    if options.as_json:
        documents = [
            item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in found
        ]
        print_json({"name": named.name, "subject": subject, "manifests": documents})
    elif found:
        rows = [(item.digest, str(item.size), item.artifact_type or "") for item in found]
        print_table(("digest", "bytes", "artifact type"), rows)


referrer.command("list", epilog="Example: regshape referrer list -r 127.0.0.1:5000 app sha256:...")(
    with_options(list_referrers)
)
