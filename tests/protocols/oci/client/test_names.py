"""The public names, and how light `import regshape` stays."""

import subprocess
import sys

import pytest

import regshape
from regshape import errors
from regshape.protocols.oci.client.refusals import OCI_ERROR_MAP
from regshape.protocols.oci.models import ErrorCode

HEAVY = "import regshape, sys; print({'httpx', 'pydantic', 'anyio'} & set(sys.modules))"


def test_the_public_names_are_importable_from_the_package() -> None:
    for name in vars(regshape)["_LAZY"]:
        assert getattr(regshape, name).__name__ == name
        assert name in dir(regshape)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        getattr(regshape, "Nothing")  # noqa: B009 - there is none


def test_importing_the_package_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", HEAVY], capture_output=True, check=True)  # noqa: S603
    assert done.stdout == b"set()\n"


def test_every_error_code_has_an_error() -> None:
    assert set(OCI_ERROR_MAP) == set(ErrorCode)
    assert len(set(OCI_ERROR_MAP.values())) == len(OCI_ERROR_MAP)


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = {word for word in (errors.__doc__ or "").split() if word.endswith(("Error", "Error_"))}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    names = {kind.__name__ for kind in kinds if not kind.__name__.startswith("_")}
    assert names <= drawn
    assert all(issubclass(kind, errors.RegShapeError) for kind in kinds)
