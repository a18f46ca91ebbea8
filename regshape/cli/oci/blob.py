"""`regshape blob`: get, head, delete, upload and mount blobs."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regshape.cli.oci.referrer import DigestArgument
from regshape.cli.oci.shared import Options, group, with_options
from regshape.cli.oci.tag import RepositoryArgument
from regshape.errors import UsageError

if TYPE_CHECKING:
    from regshape.protocols.oci.client import RegistryClient
    from regshape.protocols.oci.client.sources import Content
    from regshape.protocols.oci.models import BlobUploadSession, Descriptor

_PIECE = 1 << 20

blob = group(
    "blob",
    "Blobs: get, head, upload, mount, delete.",
    "regshape blob upload -r 127.0.0.1:5000 app layer.tar.gz",
)


def get(
    options: Options,
    repo: RepositoryArgument,
    digest: DigestArgument,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it there; `-`: stdout."),
    ] = None,
) -> None:
    """Get a blob; a file is there only if its content has the digest."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.image_reference import checked_digest, parse_repository
    from regshape.cli.oci.saving import checked_output, saved
    from regshape.cli.oci.showing import print_json, progress

    named = parse_repository(repo, options.registry)
    wanted = checked_digest(digest)
    checked_output(output, as_json=options.as_json)

    async def work(client: RegistryClient) -> int:
        size = 0
        with progress(options, "get") as tell:
            async with (
                client.blobs.open(named.name, wanted, tell) as pieces,
                saved(output) as write,
            ):
                async for piece in pieces:
                    await write(piece)
                    size += len(piece)
        return size

    size = run(options, named.registry, work)
    if options.as_json:
        facts = {"name": named.name, "digest": wanted, "size": size}
        print_json(facts | {"output": str(output)})


def head(options: Options, repo: RepositoryArgument, digest: DigestArgument) -> None:
    """Say a blob's size and media type, without getting it."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.image_reference import checked_digest, parse_repository
    from regshape.cli.oci.showing import print_facts, print_json

    named = parse_repository(repo, options.registry)
    wanted = checked_digest(digest)

    async def work(client: RegistryClient) -> Descriptor:
        return await client.blobs.head(named.name, wanted)

    info = run(options, named.registry, work)
    facts = {"digest": info.digest, "mediaType": info.media_type, "size": info.size}
    (print_json if options.as_json else print_facts)({"name": named.name, **facts})


def delete(options: Options, repo: RepositoryArgument, digest: DigestArgument) -> None:
    """Delete a blob from a repository."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.image_reference import checked_digest, parse_repository
    from regshape.cli.oci.showing import print_json, print_lines

    named = parse_repository(repo, options.registry)
    wanted = checked_digest(digest)

    async def work(client: RegistryClient) -> None:
        await client.blobs.delete(named.name, wanted)

    run(options, named.registry, work)
    if options.as_json:
        print_json({"name": named.name, "deleted": wanted})
    else:
        print_lines([f"deleted {wanted} of {named.name}"])


def upload(
    options: Options,
    repo: RepositoryArgument,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="What to upload; `-`: stdin, in chunks.")
    ],
    *,
    chunked: Annotated[
        bool, typer.Option("--chunked", help="In chunks, which can resume.")
    ] = False,
    chunk_size: Annotated[
        int | None,
        typer.Option(min=1, metavar="BYTES", help="Size of a chunk.", show_default="5 MiB"),
    ] = None,
) -> None:
    """Upload a blob; its digest is the last line."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.image_reference import parse_repository
    from regshape.cli.oci.showing import print_json, print_lines, progress
    from regshape.protocols.oci.client.upload_client import CHUNK

    if chunk_size is not None and not chunked:
        raise UsageError("--chunk-size is nothing without --chunked")
    named = parse_repository(repo, options.registry)
    content = _source(file)

    async def work(client: RegistryClient) -> Descriptor:
        with progress(options, "upload") as tell:

            def told(state: BlobUploadSession) -> None:
                tell(state.offset, state.total_size)

            size = chunk_size or CHUNK
            return await client.blobs.upload(
                named.name, content, chunked=chunked, chunk_size=size, progress=told
            )

    stored = run(options, named.registry, work)
    if options.as_json:
        print_json({"name": named.name, "digest": stored.digest, "size": stored.size})
    else:
        print_lines([stored.digest])


def mount(
    options: Options,
    repo: RepositoryArgument,
    digest: DigestArgument,
    *,
    source: Annotated[
        str, typer.Option("--from", metavar="REPO", help="The repository that has it.")
    ],
) -> None:
    """Mount a blob of another repository; where the registry does not, it is copied."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.image_reference import checked_digest, parse_repository
    from regshape.cli.oci.showing import note, print_json, print_lines

    named = parse_repository(repo, options.registry)
    other = parse_repository(source, options.registry)
    wanted = checked_digest(digest)

    async def work(client: RegistryClient) -> bool:
        return await client.blobs.mount(named.name, wanted, other.name)

    mounted = run(options, named.registry, work)
    if options.as_json:
        facts = {"name": named.name, "digest": wanted, "from": other.name}
        print_json(facts | {"mounted": mounted})
        return
    if not mounted:
        note("the registry did not mount it: it was copied")
    print_lines([wanted])


def _source(text: str) -> Content:
    """Return the file, or stdin, which then goes in chunks, for it comes only once."""
    if text == "-":
        return _stdin()
    path = Path(text)
    if path.is_file():
        return path
    raise UsageError(f"{path}: there is no such file")


async def _stdin() -> AsyncIterator[bytes]:
    from anyio import to_thread

    # Not the buffer: a thread that holds its lock when the interpreter ends is a fatal error.
    raw = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
    while piece := await to_thread.run_sync(raw.read, _PIECE, abandon_on_cancel=True):
        yield piece


for command, example in (
    (get, "regshape blob get -r 127.0.0.1:5000 app sha256:... --output layer.tar.gz"),
    (head, "regshape blob head -r 127.0.0.1:5000 app sha256:..."),
    (upload, "regshape blob upload -r 127.0.0.1:5000 app layer.tar.gz --chunked"),
    (mount, "regshape blob mount -r 127.0.0.1:5000 app sha256:... --from other"),
    (delete, "regshape blob delete -r 127.0.0.1:5000 app sha256:..."),
):
    blob.command(epilog=f"Example: {example}")(with_options(command))
