"""`regshape ori pack` and `regshape ori verify`: a project's archive, and what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regshape.cli.ori.ori_options import OriOptions, described, run_ori, unfit
from regshape.cli.sentences import FAILED
from regshape.errors import RegistryError, UsageError

if TYPE_CHECKING:
    from regshape.protocols.ori.client import OriClient
    from regshape.protocols.ori.package import Package
    from regshape.protocols.ori.toml_files import Lock, Manifest

FolderArgument = Annotated[
    Path, typer.Argument(metavar="[DIR]", help="The project: where oripk.toml is.")
]


def pack(
    options: OriOptions,
    folder: FolderArgument = Path(),
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Else NAME-VERSION.oripk here."),
    ] = None,
) -> None:
    """Pack a project: the same files give the same bytes, and its scripts are left out.

    Hidden files are left out too. Where oripk.lock lacks a dependency, a new one is made from the
    registry, of checksums that its log vouches for.
    """
    from regshape.protocols.ori.package import check, file_name

    data = packed(options, folder)
    package = check(data)
    path = output or Path(file_name(package.name, package.version))
    _save(path, data)
    _tell(options, package, path)


def packed(options: OriOptions, folder: Path) -> bytes:
    """Return the archive of a project; raises `UsageError` where none can be made of it."""
    from regshape.protocols.ori.client.locking import lock_file, missing
    from regshape.protocols.ori.client.tree_files import project_files
    from regshape.protocols.ori.package import (
        LOCK,
        MANIFEST,
        PackageError,
        build,
        read_lock,
        read_manifest,
        strip_scripts,
    )
    from regshape.protocols.ori.toml_files import Lock

    files = dict(project_files(folder))
    try:
        manifest = read_manifest(strip_scripts(files[MANIFEST]))
        lock = read_lock(files[LOCK]) if LOCK in files else Lock()
        if missing(manifest, lock):
            files[LOCK] = lock_file(_from_registry(options, manifest, lock))
        return build(files)
    except PackageError as error:
        raise unfit(error) from error


def _from_registry(options: OriOptions, manifest: Manifest, lock: Lock) -> Lock:
    from regshape.protocols.ori.client.locking import locked

    async def work(client: OriClient) -> Lock:
        return await locked(manifest, client)

    found = run_ori(options, work)
    for name in sorted(found.checksums.keys() & lock.checksums.keys()):
        if found.checksums[name] != lock.checksums[name]:
            raise RegistryError(
                f"oripk.lock has {lock.checksums[name]} for {name}, "
                f"the registry {found.checksums[name]}"
            )
    return found


def verify(
    options: OriOptions,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An archive, *.oripk.")],
) -> None:
    """Say what is wrong with an archive (exit status 1), or that it is fine."""
    from regshape.cli.oci.showing import print_json
    from regshape.protocols.ori.package import PackageError, check

    data = read_archive(file)
    try:
        package = check(data)
    except PackageError as error:
        if options.as_json:
            wrong = {"code": error.code, "detail": str(error), "pointer": error.pointer}
            print_json({"file": str(file), "fine": False, "wrong": wrong})
        else:
            typer.echo(f"{file}: {described(error)}")
        raise typer.Exit(FAILED) from error
    if not options.as_json:
        typer.echo(f"{file} is fine")
    _tell(options, package, file, fine=True)


def read_archive(path: Path) -> bytes:
    """Return the bytes of an archive, up to one more than it may have."""
    from regshape.protocols.ori.package import MOST_BYTES

    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def _save(path: Path, data: bytes) -> None:
    from regshape.cli.interrupt import run_until_stopped
    from regshape.formats.landing import landing

    async def work() -> bool:
        async with landing(path) as write:
            await write(data)
        return True

    run_until_stopped(work)


def _tell(options: OriOptions, package: Package, path: Path, **more: Any) -> None:
    from regshape.cli.oci.showing import print_facts, print_json

    facts = {
        "name": package.name,
        "version": package.version,
        "file": str(path),
        "size": package.size,
        "checksum": package.checksum,
    }
    if options.as_json:
        print_json(facts | {"files": sorted(package.files)} | more)
        return
    print_facts(facts | {"files": len(package.files)})
