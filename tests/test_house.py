"""What no linter knows about this house (ARCHITECTURE.md)."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "hodlxxi"
MAX_LINES = 400
CODE_FOLDERS = ("src", "tests", "web/src", "benchmarks", "examples", "scripts")
CODE_ENDINGS = {".py", ".ts", ".css", ".html", ".sh"}
# Not written by us: published test vectors.
FOREIGN = ("tests/vectors/",)
# Test folders that mirror no package; each is a kind of test.
OWN_FOLDERS = {
    "foreign",
    "conformance",
    "flows",
    "browser",
    "races",
    "differential",
    "faults",
    "vectors",
    "support",
    "examples",
    "benchmarks",
    "web",
}

# Who may catch everything, and why.
CATCH_ALL = {
    "kit/db.py": "a rested connection that breaks says so in any class: another is taken",
    "lnurl/routes/api.py": "the edge that wallets see: a bug is an answer of LUD-01's shape too, and is logged",
    "kit/web.py": "the edge of HTTP: everything becomes an answer",
    "kit/metrics.py": "a scrape must answer whatever is broken",
    "oauth/backchannel.py": "the owner of a task must not die of one bad round, nor of one app's notice",
    "ops/sweeper.py": "the owner of a task must not die of one bad round",
}


def _files() -> list[str]:
    """What stands in the repository, or is about to."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def _code() -> list[str]:
    return [
        name
        for name in _files()
        if name.startswith(tuple(f"{folder}/" for folder in CODE_FOLDERS))
        and Path(name).suffix in CODE_ENDINGS
        and not name.startswith(FOREIGN)
    ]


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SRC.rglob("*.py")):
        yield str(path.relative_to(SRC)), ast.parse(path.read_text(encoding="utf-8"))


def test_no_file_is_longer_than_one_can_read() -> None:
    lengths = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in _code()}
    assert len(lengths) > 50
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [name for name in _code() if name.endswith(".py") and not _docstring(ROOT / name)]
    assert silent == []


def _docstring(path: Path) -> str | None:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_a_package_says_what_it_is_for_and_does_nothing() -> None:
    for name, tree in _modules():
        if name.endswith("__init__.py") and name != "__init__.py":
            assert len(tree.body) == 1, name
    root = dict(_modules())["__init__.py"]
    assert all(isinstance(node, ast.Assign | ast.Expr) for node in root.body), "the version and nothing else"


def test_only_the_settings_read_the_environment() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in _modules()
        for node in ast.walk(tree)
        if name != "settings.py" and _reads_environment(node)
    ]
    assert found == []


def _reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in ("environ", "environb", "getenv", "putenv")
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "os"
        and any(alias.name in ("environ", "getenv") for alias in node.names)
    )


def test_nobody_commits_by_hand() -> None:
    """A use case's block does: one transaction, kept whole or not at all."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert found == []


def test_only_the_named_edges_catch_everything() -> None:
    catching = {
        name
        for name, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and _catches_all(node.type)
    }
    assert catching == set(CATCH_ALL)


def _catches_all(caught: ast.expr | None) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(
        n is None or (isinstance(n, ast.Name) and n.id in ("Exception", "BaseException")) for n in names
    )


EMPTY_WORDS = {
    "util", "utils", "helper", "helpers", "common", "manager", "service", "services", "base", "handler", "handlers",
    "data", "info", "misc",
}  # fmt: skip


def test_no_file_is_called_after_nothing() -> None:
    modules = (name for name in _code() if Path(name).suffix in (".py", ".ts"))
    assert [name for name in modules if EMPTY_WORDS & set(re.split(r"[_./-]", Path(name).stem))] == []


def test_the_time_comes_from_a_clock() -> None:
    """Rules and use cases get ``now``; only the clock itself asks the machine."""
    asking = [
        f"{name}:{node.lineno}"
        for name, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date")
        and name != "kit/clock.py"
        and not name.startswith("cli/")
    ]
    assert asking == []


def test_the_tests_mirror_the_packages() -> None:
    packages = {path.name for path in SRC.iterdir() if (path / "__init__.py").exists()}
    folders = {
        path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"
    }
    assert folders - packages - OWN_FOLDERS == set()


# Put together here, so that this file does not hold what it looks for.
_MACHINES = ["/" + "work/", "/" + "tmp/hx", "/" + "root/", "/" + "home/", "/" + "tmp/t1"]
_REGISTRIES = ["files." + "pythonhosted", "registry." + "npmjs", "pypi." + "org/simple", "deb." + "debian"]


def _texts() -> Iterator[tuple[str, str]]:
    for name in _files():
        if name.startswith(FOREIGN):
            continue
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


@pytest.mark.parametrize("path", _MACHINES)
def test_no_file_names_a_path_of_somebodys_machine(path: str) -> None:
    # Below something else it is no path of a machine: "$CACHE" and the same folder after it.
    absolute = re.compile(rf"(?<![\w$}}.*\]/-]){re.escape(path)}")
    assert [name for name, text in _texts() if absolute.search(text)] == []


@pytest.mark.parametrize("host", _REGISTRIES)
def test_no_file_names_a_registry(host: str) -> None:
    assert [name for name, text in _texts() if host in text] == []
