"""What holds for the repository as a whole."""

import ast
import json
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
MAX_LINES = 350
READMES = ("README.md", "README.zh-CN.md")
LOCKS = ("requirements.lock", "requirements-test.lock", "requirements-node.lock")
# Written with classes of one letter so that this file doesn't find itself.
HOSTS = re.compile(
    r"p[y]pi\.|python[h]osted|n[p]mjs|\b(?:registry|mirrors?)\.[a-z0-9-]+\.[a-z]{2,}"
)
MACHINE_PATHS = re.compile(r"(?<![\w.+/-])/(?:wor[k]|roo[t]|hom[e]|User[s])/\w")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
TARGET = re.compile(r"`make ([a-z]+)")


@cache
def tracked(*suffixes: str) -> list[Path]:
    """Files under version control with one of these suffixes; all where none is given."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    return [f for f in files if f.is_file() and (not suffixes or f.suffix in suffixes)]


def texts() -> list[tuple[Path, str]]:
    """Every tracked file that is text."""
    found = []
    for path in tracked():
        try:
            found.append((path, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def name(path: Path) -> str:
    """A path as it is shown in a failure."""
    return path.relative_to(ROOT).as_posix()


def project() -> dict[str, list[str]]:
    """Direct dependencies by group; ``runtime`` for those of the product."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {"runtime": declared["project"]["dependencies"], **declared["dependency-groups"]}


def locked(lock: str) -> dict[str, str]:
    """Versions in a lock by package; where markers give several, the last."""
    lines = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", lines, re.MULTILINE))


def test_no_registry_is_named() -> None:
    """Packages come from whichever registry a machine uses, so no file names one."""
    assert [name(path) for path, text in texts() if HOSTS.search(text)] == []


def test_no_path_of_a_machine_is_named() -> None:
    """Nothing depends on, or tells, where somebody's checkout lies."""
    assert [name(path) for path, text in texts() if MACHINE_PATHS.search(text)] == []


def test_the_walls_lock_names_no_address() -> None:
    """package-lock.json holds versions and hashes, and leaves the address to npm's settings."""
    lock = ROOT / "services/dashboard_api/wall/package-lock.json"
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]

    assert [at for at, package in packages.items() if "resolved" in package] == []
    assert [at for at, package in packages.items() if at and "integrity" not in package] == []


@pytest.mark.parametrize(
    ("group", "lock"),
    [
        ("runtime", "requirements.lock"),
        ("build", "requirements.lock"),
        ("runtime", "requirements-test.lock"),
        ("test", "requirements-test.lock"),
        ("node", "requirements-node.lock"),
    ],
)
def test_locks_follow_the_declared_dependencies(group: str, lock: str) -> None:
    """Each direct dependency is locked at a version that pyproject.toml allows."""
    versions = locked(lock)

    wanted = [Requirement(text) for text in project()[group]]

    assert wanted
    assert [
        str(want)
        for want in wanted
        if versions.get(want.name.lower(), "0.dev0") not in want.specifier
    ] == []


def test_tests_run_on_the_locked_product() -> None:
    """What the tests install on top never changes a version that the product runs on."""
    product, with_tests = locked("requirements.lock"), locked("requirements-test.lock")

    assert product.items() <= with_tests.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_hash(lock: str) -> None:
    """Nothing is installed that isn't what was locked."""
    blocks = re.split(r"\n(?=[a-z])", (ROOT / lock).read_text(encoding="utf-8").strip())

    assert [block for block in blocks if "--hash=sha256:" not in block] == []


def test_modules_are_short() -> None:
    """One concept to a module: none is longer than 350 lines."""
    modules = tracked(".py", ".ts", ".svelte", ".sql", ".css")

    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules}

    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


def packages_that_raise() -> list[Path]:
    """The packages of the product with a ``raise`` of something new in any of their modules."""
    packages = [ROOT / "schemas", *sorted(p.parent for p in ROOT.glob("services/*/__init__.py"))]
    return [
        package
        for package in packages
        if any(
            isinstance(node, ast.Raise) and node.exc is not None
            for path in tracked(".py")
            if path.is_relative_to(package)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]


def test_packages_that_raise_have_one_tree_of_errors() -> None:
    """Whoever calls a package can catch all that it raises by one root, found in errors.py."""
    roots = {}
    for package in packages_that_raise():
        errors = package / "errors.py"
        tree = ast.parse(errors.read_text(encoding="utf-8") if errors.exists() else "")
        roots[name(package)] = [
            node.name
            for node in tree.body
            if isinstance(node, ast.ClassDef)
            and "Exception" in [base.id for base in node.bases if isinstance(base, ast.Name)]
        ]

    assert {package: found for package, found in roots.items() if len(found) != 1} == {}


@pytest.mark.parametrize("readme", READMES)
def test_readme_names_the_two_commands(readme: str) -> None:
    """Whoever arrives learns from the first page how to see it and how to check it."""
    text = (ROOT / readme).read_text(encoding="utf-8")

    assert {"demo", "test"} <= set(re.findall(r"make ([a-z]+)", text))
    assert len(text.splitlines()) <= 60


def test_links_between_pages_lead_somewhere() -> None:
    """A page links only to what is there."""
    broken = [
        f"{name(page)} → {target}"
        for page in tracked(".md")
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert broken == []


def test_every_page_can_be_found() -> None:
    """docs/README.md leads to each page of docs."""
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = {path.name for path in tracked(".md") if path.parent == ROOT / "docs"} - {"README.md"}

    assert pages - set(LINK.findall(index)) == set()


def test_pages_name_only_targets_that_exist() -> None:
    """Every `make` command that a page tells to run is in the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    told = {
        (name(page), target)
        for page in tracked(".md")
        for target in TARGET.findall(page.read_text(encoding="utf-8"))
    }

    assert {(page, target) for page, target in told if target not in targets} == set()


def test_every_folder_of_modules_is_a_package() -> None:
    """A folder without __init__.py would be invisible to the import contracts."""
    folders = {path.parent for path in tracked(".py") if path.is_relative_to(ROOT / "services")}

    assert [name(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
