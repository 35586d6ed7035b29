"""The house rules that no linter checks, and the architecture page against the import contracts."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

MOST_LINES = 50
CODE = ("dags", "plugins", "transforms", "proofs", "benchmarks")


def test_no_function_needs_a_scroll_to_be_understood() -> None:
    assert sorted(_long_functions()) == []


def _long_functions() -> Iterator[str]:
    for path in (path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MOST_LINES:
                    yield f"{path.relative_to(ROOT)}: {node.name} has {lines} lines"


def test_the_architecture_page_has_the_layers_that_the_imports_keep_to() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    roots, packages = (each["layers"] for each in contracts["contracts"][:2])
    at = roots.index("kraken_import")
    kept = (
        [{layer} for layer in roots[:at]]
        + [{f"kraken_import/{name}" for name in layer.split(" | ")} for layer in packages]
        + [{layer} for layer in roots[at + 1 :]]
    )
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.split("## A customer's life", maxsplit=1)[0]
    told = [
        set(re.findall(r"`([\w/]+?)/`", row.split("|")[1]))
        for row in table.splitlines()
        if row.startswith("| `") and "`sql/" not in row.split("|")[1]
    ]
    layers: list[set[str]] = []
    for rooms in told:
        (layer,) = (layer for layer in kept if rooms <= layer)
        if not layers or layers[-1] is not layer:
            layers.append(layer)
    assert layers == kept
    assert set().union(*told) == set().union(*kept)


def test_every_package_stands_in_a_layer() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    packages = {path.parent.name for path in Path(ROOT / "plugins" / "kraken_import").glob("*/__init__.py")}
    assert {name for name in packages if f"`kraken_import/{name}/`" not in page} == set()


def test_one_function_makes_all_engines_so_that_each_hides_what_its_errors_quote() -> None:
    makers = {
        str(path.relative_to(ROOT))
        for folder in CODE
        for path in (ROOT / folder).rglob("*.py")
        if "create_engine(" in path.read_text(encoding="utf-8")
    }
    assert makers == {"transforms/database.py"}


def test_every_operator_of_ours_lets_no_error_out_as_it_is() -> None:
    folder = ROOT / "plugins" / "kraken_import" / "airflow" / "operators"
    roots = {
        node.name
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and "BaseOperator" in {base.id for base in node.bases if isinstance(base, ast.Name)}
        and "QuietOperator" not in {base.id for base in node.bases if isinstance(base, ast.Name)}
    }
    assert roots == set()
