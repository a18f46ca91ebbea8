"""From the shared options to a client, a command's work with it, and its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar
from urllib.parse import urlsplit

from regshape.cli.interrupt import run_until_stopped
from regshape.cli.oci.breaking import check_consent, chosen_rules
from regshape.cli.oci.shared import Options
from regshape.cli.oci.watching import Watch, watching
from regshape.engine.access import existing_file
from regshape.errors import UsageError
from regshape.protocols.oci.client import (
    BreakModeConfig,
    RegistryClient,
    TelemetryConfig,
    TransportConfig,
)
from regshape.protocols.oci.client.credentials import find_credentials
from regshape.settings import is_local

T = TypeVar("T")


def run(options: Options, registry: str, work: Callable[[RegistryClient], Awaitable[T]]) -> T:
    """Return what the work returns, done with a client of the registry.

    Ctrl-C and SIGTERM cancel it; then the command ends as interrupted.
    """
    with watching(options) as watch:
        return _run(options, configured(options, registry, watch), work)


def _run(
    options: Options, config: TransportConfig, work: Callable[[RegistryClient], Awaitable[T]]
) -> T:
    async def whole() -> T:
        credentials = await find_credentials(
            config.registry, username=options.username, password=options.password
        )
        async with RegistryClient(replace(config, credentials=credentials)) as client:
            return await work(client)

    return run_until_stopped(whole)


def configured(options: Options, registry: str, watch: Watch | None) -> TransportConfig:
    """Return how the registry is reached, as the options say.

    Raises:
        UsageError: they do not fit each other, or the registry.
    """
    if options.password is not None and options.username is None:
        raise UsageError("--password is nothing without --username")
    rules = chosen_rules(options)
    url = _checked(registry, options)
    check_consent(options, url)
    # As other clients have it: this machine is believed without a certificate, but for one who
    # names the certificates to trust.
    trusts_anything = options.ca_file is None and is_local(url) and "://" not in registry
    return TransportConfig(
        registry,
        insecure=options.insecure or trusts_anything,
        ca_file=existing_file("--ca-file", options.ca_file),
        break_mode=BreakModeConfig(options.break_mode, rules),
        telemetry=TelemetryConfig(
            time_methods=options.time_methods,
            time_scenarios=options.time_scenarios,
            debug_calls=options.debug_calls,
        ),
        log=watch,
    )


def _checked(registry: str, options: Options) -> str:
    """Return the registry as a URL.

    Raises:
        UsageError: it is none, or plain HTTP to another machine without `--insecure`.
    """
    url = registry if "://" in registry else f"https://{registry}"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is no port
    except ValueError as error:
        raise UsageError(f"registry {registry!r} is no address: {error}") from error
    if parts.username or parts.password:
        raise UsageError("credentials do not belong into the address: use --username, --password")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"registry {registry!r} is no address: write HOST[:PORT] or its URL")
    if parts.scheme == "http" and not options.insecure and not is_local(url):
        raise UsageError(f"{registry} is not encrypted: add --insecure if you mean it")
    return url
