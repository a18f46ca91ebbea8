"""`regshape ping`: whether a registry answers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from regshape.cli.oci.shared import AddressArgument, Options, with_options

if TYPE_CHECKING:
    from regshape.protocols.oci.client import RegistryClient


@with_options
def ping(
    options: Options,
    address: AddressArgument = None,
) -> None:
    """Ask a registry whether it is one, and lets you in."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.image_reference import named_once
    from regshape.cli.oci.showing import print_json, print_lines

    named = named_once(address, options.registry)

    async def work(client: RegistryClient) -> float:
        began = time.perf_counter()
        await client.ping()
        return time.perf_counter() - began

    seconds = run(options, named, work)
    if options.as_json:
        print_json({"registry": named, "seconds": round(seconds, 6)})
    else:
        print_lines([f"{named} answers as a registry, in {seconds * 1000:.0f} ms"])
