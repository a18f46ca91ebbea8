"""What may import what, and how big a thing may grow (ARCHITECTURE.md), by walking the code."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS: Mapping[str, int] = {
    "__main__": 7,
    "cli": 7,
    "pytest_plugin": 7,
    "engine": 6,
    "catalog": 5,
    "strategies": 4,
    "corpora": 4,
    "protocols.oci": 3,
    "protocols.ori": 3,
    "protocols.lcod": 3,
    "protocols.bundles": 3,
    "protocols.eden": 3,
    "protocols.http": 2,
    "protocols.judging": 2,
    "protocols.serving": 2,
    "transport": 2,
    "mutators": 2,
    "report": 2,
    "model": 1,
    "settings": 1,
    "formats": 1,
    "errors": 0,
    "": 0,
}
"""The row of each unit, by its name under `regshape`; the empty name is the version's module."""
SIBLINGS_ALLOWED = {
    ("protocols.bundles", "protocols.oci"),
    ("protocols.judging", "protocols.http"),
    ("__main__", "cli"),
}
EMPTY_PACKAGES = {"protocols"}
"""Packages that only hold units: their `__init__` imports nothing."""
LAZY_UNITS = {"cli", "pytest_plugin"}
"""Where a function may import, to keep start-up short."""
FILE_LINES = 400
FUNCTION_LINES = 60
PER_PROTOCOL = {
    *("models.py", "operations.py", "requirements.py", "reference.py", "defects.py"),
    *("protocol.py", "calls.py", "facts.py", "state.py", "probe.py", "breaks.py", "table.py"),
    *("oci.py", "ori.py", "lcod.py", "bundles.py", "eden.py", "__init__.py"),
}
"""File names that ARCHITECTURE.md prescribes once per protocol, or per folder of protocols."""


@dataclass(frozen=True)
class Import:
    """One import of one module by another; `lazy` if it stands inside a function."""

    source: str
    target: str
    line: int
    lazy: bool

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


@dataclass(frozen=True)
class Tree:
    """The modules of a checkout by their installed names."""

    modules: Mapping[str, Path]

    @classmethod
    def read(cls, root: Path) -> Tree:
        folders = {
            "regshape": root / "regshape",
            "regshape.strategies": root / "strategies",
            "regshape.corpora": root / "corpora",
        }
        found: dict[str, Path] = {}
        for prefix, folder in folders.items():
            for path in sorted(folder.rglob("*.py")):
                parts = path.relative_to(folder).with_suffix("").parts
                found[".".join((prefix, *parts)).removesuffix(".__init__")] = path
        return cls(found)

    def parsed(self) -> Iterator[tuple[str, ast.Module]]:
        for name, path in self.modules.items():
            yield name, ast.parse(path.read_text(encoding="utf-8"), path)

    def imports(self) -> list[Import]:
        return [found for name, tree in self.parsed() for found in self._of(name, tree)]

    def _of(self, name: str, tree: ast.Module) -> Iterator[Import]:
        lazy = {id(inner) for function in functions(tree) for inner in ast.walk(function)}
        for node in ast.walk(tree):
            for target in self._targets(name, node):
                if target.split(".")[0] == "regshape":
                    line = getattr(node, "lineno", 0)
                    yield Import(name, target, line, id(node) in lazy)

    def _targets(self, name: str, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno} imports relatively"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in self.modules else str(node.module)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def unit_of(module: str) -> str:
    parts = module.split(".")[1:]
    return ".".join(parts[: 2 if parts[:1] == ["protocols"] else 1])


def upward(tree: Tree) -> list[str]:
    """Return the imports that do not lead to a lower row or into their own unit."""
    return [
        str(found)
        for found in tree.imports()
        if not _is_downward(unit_of(found.source), unit_of(found.target))
    ]


def _is_downward(source: str, target: str) -> bool:
    if source == target or (source, target) in SIBLINGS_ALLOWED:
        return True
    return source in ROWS and target in ROWS and ROWS[target] < ROWS[source]


def strangers(tree: Tree) -> set[str]:
    """Return the units that are in no row."""
    return {unit_of(name) for name in tree.modules} - set(ROWS) - EMPTY_PACKAGES


def lazy(tree: Tree) -> list[str]:
    """Return the imports inside functions where there may be none."""
    return [
        str(found)
        for found in tree.imports()
        if found.lazy and unit_of(found.source) not in LAZY_UNITS
    ]


def lazy_of_others(tree: Tree) -> list[str]:
    """Return the imports of other people's modules inside functions where there may be none."""
    return [
        f"{name}:{inner.lineno}"
        for name, module in tree.parsed()
        if unit_of(name) not in LAZY_UNITS
        for function in functions(module)
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]


def cycle(tree: Tree) -> list[str]:
    """Return the modules of an import cycle, or nothing; what a function imports counts too."""
    edges: dict[str, set[str]] = defaultdict(set)
    for found in tree.imports():
        if found.target != found.source:
            edges[found.source].add(found.target)
    done: set[str] = set()
    for start in sorted(edges):
        if path := _walk(start, edges, [], done):
            return path
    return []


def _walk(module: str, edges: Mapping[str, set[str]], path: list[str], done: set[str]) -> list[str]:
    if module in path:
        return [*path[path.index(module) :], module]
    if module in done:
        return []
    for target in sorted(edges.get(module, ())):
        if found := _walk(target, edges, [*path, module], done):
            return found
    done.add(module)
    return []


def long_files(tree: Tree) -> list[str]:
    counts = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in _files(tree)}
    return [f"{path.name}: {count}" for path, count in counts.items() if count > FILE_LINES]


def long_functions(tree: Tree) -> list[str]:
    """Return what is too long from the docstring on: a signature is a table, not work."""
    return [
        f"{name}.{function.name}: {length}"
        for name, module in tree.parsed()
        for function in functions(module)
        if (length := (function.end_lineno or 0) - function.body[0].lineno + 1) > FUNCTION_LINES
    ]


def same_names(tree: Tree) -> list[str]:
    counts = Counter(path.name for path in _files(tree))
    return sorted(name for name, n in counts.items() if n > 1 and name not in PER_PROTOCOL)


def _files(tree: Tree) -> list[Path]:
    return list(tree.modules.values())


TODAY = Tree.read(ROOT)


def test_every_unit_is_in_a_row() -> None:
    assert strangers(TODAY) == set()


def test_imports_lead_down() -> None:
    assert upward(TODAY) == []


def test_nothing_is_imported_inside_a_function() -> None:
    assert lazy(TODAY) == []
    assert lazy_of_others(TODAY) == []


def test_no_import_comes_back_to_where_it_began() -> None:
    assert cycle(TODAY) == []


def test_files_stay_short() -> None:
    assert long_files(TODAY) == []


def test_functions_stay_short() -> None:
    assert long_functions(TODAY) == []


def test_no_file_name_stands_twice() -> None:
    assert same_names(TODAY) == []


# --- the rule itself, on trees that break it ------------------------------------------------------

LAWFUL = {
    "regshape/__init__.py": "",
    "regshape/errors.py": "class E(Exception): ...",
    "regshape/model.py": "from regshape import __version__\nfrom regshape.errors import E",
    "regshape/protocols/__init__.py": "",
    "regshape/protocols/oci/__init__.py": "",
    "regshape/protocols/oci/calls.py": "from regshape import model",
    "regshape/protocols/bundles/__init__.py": "from regshape.protocols.oci import calls",
    "regshape/transport/__init__.py": "",
    "regshape/mutators/__init__.py": "import regshape.model",
    "regshape/engine/__init__.py": "from regshape.strategies import common",
    "regshape/cli/__init__.py": "def run():\n    import json\n    from regshape import engine",
    "strategies/common.py": "from regshape.protocols.oci.calls import model",
}


def planted(root: Path, **files: str) -> Tree:
    written = LAWFUL | {name.replace("__", "/") + ".py": text for name, text in files.items()}
    for name, text in written.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Tree.read(root)


def test_a_lawful_tree_passes(tmp_path: Path) -> None:
    tree = planted(tmp_path)
    assert strangers(tree) == set()
    assert upward(tree) == []
    assert lazy(tree) == []
    assert lazy_of_others(tree) == []
    assert cycle(tree) == []
    assert same_names(tree) == []


@pytest.mark.parametrize(
    ("where", "what", "target"),
    [
        ("regshape__errors", "import regshape.model", "regshape.model"),
        ("regshape__errors", "from regshape import model", "regshape.model"),
        ("regshape__transport__x", "from regshape.mutators import y", "regshape.mutators"),
        ("regshape__transport__x", "import regshape.engine", "regshape.engine"),
        (
            "regshape__protocols__oci__x",
            "from regshape.protocols.bundles import y",
            "regshape.protocols.bundles",
        ),
        ("strategies__x", "import regshape.corpora", "regshape.corpora"),
        ("regshape__model", "if True:\n    import regshape.settings", "regshape.settings"),
    ],
)
def test_an_import_that_leads_up_or_aside_is_named(
    tmp_path: Path, where: str, what: str, target: str
) -> None:
    (named,) = upward(planted(tmp_path, **{where: what}))
    assert named.endswith(f"imports {target}")


def test_a_unit_that_is_in_no_row_is_named(tmp_path: Path) -> None:
    tree = planted(tmp_path, regshape__utils="", regshape__model="import regshape.utils")
    assert strangers(tree) == {"utils"}
    assert upward(tree) == ["regshape.model:1 imports regshape.utils"]


def test_an_import_inside_a_function_is_named(tmp_path: Path) -> None:
    inside = "class A:\n    def b(self):\n        import regshape.model\n        import json"
    tree = planted(tmp_path, regshape__engine__x=inside)
    assert lazy(tree) == ["regshape.engine.x:3 imports regshape.model"]
    assert lazy_of_others(tree) == ["regshape.engine.x:3", "regshape.engine.x:4"]


def test_a_cycle_is_named(tmp_path: Path) -> None:
    tree = planted(
        tmp_path,
        regshape__engine__a="import regshape.engine.b",
        regshape__engine__b="from regshape.engine import c",
        regshape__engine__c="def late():\n    from regshape.engine.a import x",
    )
    names = [f"regshape.engine.{letter}" for letter in "abca"]
    assert cycle(tree) == names


def test_what_is_too_long_is_named(tmp_path: Path) -> None:
    body = "".join("    pass\n" for _ in range(FUNCTION_LINES))
    longer = f"def fits(\n    a\n):\n{body}def not_quite():\n{body}    pass\n"
    tree = planted(tmp_path, regshape__engine__x=longer, regshape__engine__y="\n" * 401)
    assert long_functions(tree) == ["regshape.engine.x.not_quite: 61"]
    assert long_files(tree) == ["y.py: 401"]


def test_a_name_that_stands_twice_is_named(tmp_path: Path) -> None:
    tree = planted(
        tmp_path,
        regshape__engine__x="",
        strategies__x="",
        strategies__oci="",
        regshape__cli__oci="",
    )
    assert same_names(tree) == ["x.py"]
