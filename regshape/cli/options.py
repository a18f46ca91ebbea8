"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_STORE = ".regshape/verdicts.sqlite"

ProtocolOption = Annotated[
    str, typer.Option("--protocol", "-P", metavar="NAME", help="A protocol of the catalogue.")
]
StoreOption = Annotated[
    str, typer.Option(metavar="URL", help="Verdict store: a SQLite file, or a SQLAlchemy URL.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
UsernameOption = Annotated[
    str | None, typer.Option("--username", "-u", help="Also REGSHAPE_USERNAME, OCI_USERNAME.")
]
PasswordStdinOption = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from stdin; also REGSHAPE_PASSWORD."),
]
OtherUsernameOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="A second identity, which may not read what the first one pushes; "
        "also REGSHAPE_OTHER_USERNAME, its password in REGSHAPE_OTHER_PASSWORD.",
    ),
]
OtherPrefixOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Where the second identity may push.",
        show_default="--repo-prefix with -other",
    ),
]
InsecureOption = Annotated[bool, typer.Option("--insecure", help="Do not check the certificate.")]
CaFileOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Certificates to trust, in PEM form.")
]
AuthorizedOption = Annotated[
    bool,
    typer.Option("--authorized", help="The target is not this machine, and its owner agrees."),
]
