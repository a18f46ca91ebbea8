"""`regshape manifest`: get, head, put and delete manifests."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regshape.cli.oci.shared import Options, group, with_options
from regshape.errors import RegistryError, UnsupportedError, UsageError

if TYPE_CHECKING:
    from regshape.protocols.oci.client import PulledManifest, RegistryClient
    from regshape.protocols.oci.models import Descriptor, Manifest

manifest = group(
    "manifest", "Manifests: get, head, put, delete.", "regshape manifest get 127.0.0.1:5000/app:v1"
)

_NO_TAG_DELETION = frozenset({400, 405})
"""What a registry answers that does not delete tags (distribution-spec, "Deleting tags")."""

ImageArgument = Annotated[
    str, typer.Argument(metavar="IMAGE", help="REGISTRY/NAME:TAG or REGISTRY/NAME@DIGEST.")
]


def get(
    options: Options,
    image: ImageArgument,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write its bytes there.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Print its bytes as they are.")] = False,
) -> None:
    """Get a manifest: what it is made of, or its very bytes."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.image_reference import parse_image
    from regshape.cli.oci.saving import saved
    from regshape.cli.oci.showing import print_json

    if raw and options.as_json:
        raise UsageError("--raw and --json both want stdout: leave one of them out")
    named = parse_image(image, options.registry)

    async def work(client: RegistryClient) -> PulledManifest:
        pulled = await client.manifests.get(named.name, named.reference)
        if output is not None or raw:
            async with saved(output) as write:
                await write(pulled.content)
        return pulled

    pulled = run(options, named.registry, work)
    if options.as_json:
        print_json(_described(named.name, pulled) | {"manifest": json.loads(pulled.content)})
    elif output is None and not raw:
        _print(pulled)


def head(options: Options, image: ImageArgument) -> None:
    """Say a manifest's digest, media type and size, without getting it."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.image_reference import parse_image
    from regshape.cli.oci.showing import print_facts, print_json

    named = parse_image(image, options.registry)

    async def work(client: RegistryClient) -> Descriptor:
        return await client.manifests.head(named.name, named.reference)

    found = _described(named.name, run(options, named.registry, work))
    (print_json if options.as_json else print_facts)(found)


def put(
    options: Options,
    image: ImageArgument,
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", "-f", metavar="FILE", help="The manifest; `-`: stdin.", show_default="stdin"
        ),
    ] = None,
    media_type: Annotated[
        str | None,
        typer.Option(metavar="TYPE", help="Its media type.", show_default="what it says itself"),
    ] = None,
) -> None:
    """Put a manifest, byte for byte, from a file or stdin; its digest is the last line."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.image_reference import parse_image
    from regshape.cli.oci.showing import print_json, print_lines

    named = parse_image(image, options.registry)
    content = _read(file)

    async def work(client: RegistryClient) -> Descriptor:
        return await client.manifests.put(named.name, named.reference, content, media_type)

    stored = run(options, named.registry, work)
    if options.as_json:
        print_json(_described(named.name, stored) | {"reference": named.reference})
    else:
        print_lines([stored.digest])


def delete(options: Options, image: ImageArgument) -> None:
    """Delete a manifest by its digest, or a tag where the registry has that."""
    from regshape.cli.oci.image_reference import parse_image

    named = parse_image(image, options.registry)
    if named.tag is None and named.digest is None:
        raise UsageError(f"which one? write {image}:TAG or {image}@sha256:...")
    delete_reference(options, named.registry, named.name, named.reference)


def delete_reference(options: Options, registry: str, name: str, reference: str) -> None:
    """Delete what a tag or digest names; prints what was deleted."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.showing import print_json, print_lines

    async def work(client: RegistryClient) -> None:
        try:
            await client.manifests.delete(name, reference)
        except RegistryError as error:
            if ":" in reference or error.status_code not in _NO_TAG_DELETION:
                raise
            raise UnsupportedError(
                f"the registry does not delete tags (it answered {error.status_code}); "
                f"{name}@DIGEST deletes the manifest with all its tags",
                status_code=error.status_code,
            ) from error

    run(options, registry, work)
    if options.as_json:
        print_json({"name": name, "deleted": reference})
    else:
        print_lines([f"deleted {reference} of {name}"])


def _read(file: Path | None) -> bytes:
    if file is None or str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"--file {file}: cannot be read: {error.strerror}") from error


def _described(name: str, descriptor: Descriptor | PulledManifest) -> dict[str, Any]:
    return {
        "name": name,
        "digest": descriptor.digest,
        "mediaType": descriptor.media_type,
        "size": descriptor.size,
    }


def _print(pulled: PulledManifest) -> None:
    from regshape.cli.oci.showing import print_facts, print_table

    document = pulled.document()
    print_facts(
        {
            "digest": pulled.digest,
            "mediaType": pulled.media_type,
            "size": pulled.size,
            "artifactType": document.artifact_type,
        }
    )
    rows = [(role, inner.digest, str(inner.size), _kind(inner)) for role, inner in _parts(document)]
    if rows:
        typer.echo()
        print_table(("what", "digest", "bytes", "type"), rows)


def _parts(document: Manifest) -> list[tuple[str, Descriptor]]:
    from regshape.protocols.oci.models import ImageManifest

    if isinstance(document, ImageManifest):
        parts = [("config", document.config), *(("layer", inner) for inner in document.layers)]
    else:
        parts = [("manifest", inner) for inner in document.manifests]
    return [*parts, ("subject", document.subject)] if document.subject else parts


def _kind(descriptor: Descriptor) -> str:
    platform = descriptor.platform
    if platform is None:
        return descriptor.media_type
    return "/".join(filter(None, (platform.os, platform.architecture, platform.variant)))


for command, example in (
    (get, "regshape manifest get 127.0.0.1:5000/app:v1 --raw"),
    (head, "regshape manifest head 127.0.0.1:5000/app:v1 --json"),
    (put, "regshape manifest put 127.0.0.1:5000/app:v1 < manifest.json"),
    (delete, "regshape manifest delete -r 127.0.0.1:5000 app:v1"),
):
    manifest.command(epilog=f"Example: {example}")(with_options(command))
