"""The mapping document of each dialect: where every field comes from, and what is checked of it."""

from __future__ import annotations

import textwrap
import types
import typing
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from transforms.dialect import Coverage, Dialect
from transforms.lineage import Origin, lineage
from transforms.project import located
from transforms.registry import dialect_names, get_dialect
from transforms.rules.engine import Circumstances, Rule
from transforms.sql_files import CHECKOUT

_COLUMNS: Final = {
    "transform": "what becomes of the legacy value; *configured values* stand in the [Connection][values]",
    "required": "`yes`: a blank one rejects the customer; `warns`: it is sent without it, with a warning",
    "checked by": "the rules about the field, which stand below",
    "severity": "`error`: the customer is rejected, and not sent; `warning`: the customer is sent",
    "stated": "what the rule rests on: `guide`, the client's import guide, or `served`, the OpenAPI document "
    "that its Kraken serves under `/data-import/schema/`, each with the place there, and Kraken's code or "
    "words in brackets; `inferred`: no source says it, so it only warns",
    "needs": "fields without which the rule says nothing",
}
_LINKS: Final = """\
What no rule finds has [codes of the build][codes]. No setting [turns a rule off][off].

[values]: ../how-to/mend-data.md#values-that-each-client-names-otherwise
[codes]: ../how-to/mend-data.md#codes-of-the-build
[off]: ../how-to/mend-data.md#turn-a-rule-off
"""
_LONGEST: Final = 200
_COMMAND: Final = "`make mapping`"
"""Every page names it."""
ANY_DAY: Final = date(2000, 1, 1)
"""Any day: what a rule says does not depend on it."""


def home() -> Path:
    """Return the folder of the pages: that of the checkout or the project, or else the working folder's."""
    found = None if CHECKOUT is not None else located()
    return (CHECKOUT or (found[0] if found is not None else Path.cwd())) / "docs" / "mapping"


def pages() -> dict[str, str]:
    """Every page of the folder by file name."""
    dialects = [get_dialect(name=name) for name in dialect_names()]
    return {"README.md": _index(dialects=dialects)} | {
        f"{dialect.name}.md": _page(dialect=dialect) for dialect in dialects
    }


def stale() -> list[str]:
    """Return the names of the pages in the folder that differ from what `pages` returns today."""
    wanted = pages()
    there = {file.name: file.read_text(encoding="utf-8") for file in home().glob("*.md")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def write() -> None:
    """Write every page, and remove those of dialects that no longer exist."""
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for file in folder.glob("*.md"):
        # Where the project is only installed, the folder may hold pages that no dialect has made.
        if file.name not in wanted and _COMMAND in file.read_text(encoding="utf-8"):
            file.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def unfilled(*, dialect: Dialect) -> list[str]:
    """Return the paths of the model that are not filled, without what lies below them."""
    known = set(lineage(name=dialect.name))
    reached = {path.rpartition(".")[0] for path in known} | known
    # Several branches of a union share one path.
    paths = dict.fromkeys(_model_paths(model=dialect.model))
    missing = [path for path in paths if path not in reached]
    return [path for path in missing if path.rpartition(".")[0] not in missing]


def _index(*, dialects: list[Dialect]) -> str:
    legend = "\n".join(f"| {name} | {meaning} |" for name, meaning in _COLUMNS.items())
    rows = "\n".join(
        f"| [{dialect.title}]({dialect.name}.md) | `{dialect.name}` | {dialect.resource} | {dialect.market} |"
        for dialect in dialects
    )
    return (
        "# Mappings\n\nGenerated from the frames, the SQL and the rules by `make mapping`; `make check` says "
        "when a page is stale.\n\n| dialect | name | resource | market |\n| --- | --- | --- | --- |\n"
        f"{rows}\n\n## How to read a page\n\n"
        f"| column | what it says |\n| --- | --- |\n{legend}\n\n{_LINKS}"
    )


def _page(*, dialect: Dialect) -> str:
    rules = dialect.rules(Circumstances(today=ANY_DAY, region=dialect.market))
    by_path: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for path in rule.paths:
            by_path[path].append(rule)
    origins = lineage(name=dialect.name)
    fields = "\n".join(_field(origin=origin, rules=by_path[path]) for path, origin in origins.items())
    checks = "\n".join(
        f"| `{rule.code}` | {rule.severity} | {_listed(rule.paths)} | {rule.explanation} | "
        f"{rule.source or 'inferred'} | {', '.join(f'`{name}`' for name in rule.needs)} |"
        for rule in rules
    )
    text = (
        f"# {dialect.title}\n\n"
        f"`{dialect.name}`: how customers become payloads for `{dialect.resource}`. Generated by "
        "`make mapping` from the dialect's frames, SQL and rules.\n\n"
        "## Fields\n\n| path | source | transform | required | checked by |\n"
        f"| --- | --- | --- | --- | --- |\n{fields}\n\n"
        "## Rules\n\n[How to read them](README.md#how-to-read-a-page).\n\n"
        "| code | severity | path | what must hold | stated | needs |\n"
        f"| --- | --- | --- | --- | --- | --- |\n{checks}\n"
    )
    if dialect.coverage is not None:
        text += f"\n## Coverage\n\n{_coverage(coverage=dialect.coverage, rules=rules)}"
    left = ", ".join(f"`{path}`" for path in unfilled(dialect=dialect))
    paragraph = textwrap.fill(f"{left}." if left else "No field: each is filled.", width=130)
    return text + f"\n## Known to the model, filled by nothing\n\n{paragraph}\n"


def _coverage(*, coverage: Coverage, rules: Sequence[Rule]) -> str:
    """Return the stated codes by what becomes of them."""
    checked = sorted({rule.code for rule in rules if rule.source is not None})
    classes = {
        "stated and checked": checked,
        "only Kraken can check": coverage.only_kraken,
        "cannot be broken by what is filled": coverage.not_filled,
        "missing": coverage.missing,
    }
    rows = "\n".join(
        f"| {name} | {len(codes)} | {', '.join(f'`{code}`' for code in sorted(codes)) or '–'} |"
        for name, codes in classes.items()
    )
    return f"| codes | how many | which |\n| --- | ---: | --- |\n{rows}\n"


def _field(*, origin: Origin, rules: list[Rule]) -> str:
    source = ", ".join(str(source) for source in origin.sources) or "–"
    transform = textwrap.shorten(origin.transform, width=_LONGEST, placeholder=" …")
    required = "yes" if origin.required else "warns" if origin.expected else ""
    return (
        f"| `{origin.path}` | {source} | {transform} | {required} | {_listed(rule.code for rule in rules)} |"
    )


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" if name else "the whole record" for name in dict.fromkeys(names))


def _model_paths(*, model: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        path = f"{above}.{name}" if above else name
        yield path
        for inner in _models(annotation=field.annotation):
            yield from _model_paths(model=inner, above=path)


def _models(*, annotation: Any) -> Iterator[type[BaseModel]]:
    """The models inside a type such as list[A | B] | None."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for argument in typing.get_args(annotation):
        yield from _models(annotation=argument)
