"""The errors in an answer of Kraken's, nested or flat, in one form.

Pure: a JSON document in, findings out. Errors about what every record of a wave shares are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, TypeAlias

from transforms.answers import INVALID, shared_code
from transforms.findings import Finding

Shared: TypeAlias = Literal["import_supplier", "task_params", "envelope"]
"""The values that every record of a wave is sent with."""

NO_FIELD: Final = "non_field_errors"

_ENVELOPE: Final = ("payload", "task_params", "import_supplier")
_TASK_PARAMS: Final = frozenset({"is_dry_run", "schedule_window_start", "schedule_window_end"})
_WINDOW: Final = "schedule_window"

_MOST_FINDINGS: Final = 200
_LONGEST_DETAIL: Final = 1_000
_LONGEST_PATH: Final = 400
"""Characters; the masked text still fits into an index."""

_LONGEST_CODE: Final = 200
_LONGEST_DOMAIN: Final = 200


def findings_of(*, document: Any) -> tuple[Finding, ...]:
    """Return every error of a 400's body, nested (Django style) or flat, in one form; at least one."""
    findings: list[Finding] = []
    for path, code, detail, domain in _errors(document):
        findings.append(finding_of(code=code, path=path, detail=detail, domain=domain))
        if len(findings) == _MOST_FINDINGS:
            break
    return tuple(findings) or (
        finding_of(code=INVALID, path="", detail="Kraken refused the record without saying why."),
    )


def finding_of(*, code: str, path: str, detail: str, domain: str = "") -> Finding:
    """Return what Kraken says of one place, cut to what the tracking database and its indexes hold."""
    # Payloads are sent inside an envelope, and a path may begin with it.
    path = path.removeprefix("payload.")
    if len(path) > _LONGEST_PATH:
        path = path[:_LONGEST_PATH].rpartition(".")[0]
    if len(detail) > _LONGEST_DETAIL:
        # The beginning of a value would not be recognised as the value, and would not be masked.
        detail = f"{detail[:_LONGEST_DETAIL].rpartition(' ')[0]}…"
    return Finding(
        code=code[:_LONGEST_CODE],
        path=path,
        detail=detail,
        origin="kraken",
        domain=domain if len(domain) <= _LONGEST_DOMAIN else "",
    )


def reason_of(*, value: Any) -> Finding | None:
    """Return the code, detail and domain of an object, any of which it may lack; None when it has none."""
    if not isinstance(value, dict):
        return None
    code, detail = _text(value.get("code")), _text(value.get("detail"))
    if not code and not detail:
        return None
    return finding_of(
        code=code or INVALID,
        path="",
        detail=detail or "Kraken gives no detail.",
        domain=_text(value.get("domain")),
    )


def reasons_of(*, data: Any) -> tuple[Finding, ...]:
    """Return the errors in the data of an event; empty for other data."""
    if isinstance(data, dict) and isinstance(data.get("errors"), list) and data["errors"]:
        return findings_of(document=data)
    reason = reason_of(value=data)
    return () if reason is None else (reason,)


def about_the_wave(*, findings: Sequence[Finding]) -> tuple[Shared, Finding] | None:
    """Return the first error about what every record of the wave shares, and what it is about; or None."""
    for finding in findings:
        what = _shared(finding=finding)
        if what is not None:
            return what, finding
    return None


def _shared(*, finding: Finding) -> Shared | None:
    path = finding.path
    # The payload always names its import supplier: a server that reports it missing looks elsewhere.
    if path in _ENVELOPE and (shared_code(detail=finding.detail) or finding.code) in ("required", "null"):
        return "envelope"
    if path == "import_supplier":
        return "import_supplier"
    if path.partition(".")[0] in ("task_params", *_TASK_PARAMS) or finding.code.startswith(_WINDOW):
        return "task_params"
    return "task_params" if not path and _WINDOW in finding.detail else None


def _errors(document: Any) -> Iterator[tuple[str, str, str, str]]:
    """Yield (path, code, detail, domain) of every error, walking both shapes without recursion."""
    waiting: list[tuple[tuple[str, ...], Any, str]] = [((), document, "")]
    while waiting:
        path, node, domain = waiting.pop()
        if isinstance(node, str):
            yield ".".join(path), INVALID, node, domain
        elif isinstance(node, dict):
            listed = None if path else node.get("errors")
            errors = listed if isinstance(listed, list) else []
            if errors or is_error(value=node):
                domain = _text(node.get("domain")) or domain
            if errors:
                waiting.extend(((), error, domain) for error in reversed(errors))
                continue
            detail = node.get("detail", node.get("message"))
            if isinstance(detail, str) and isinstance(node.get("code"), str):
                attribute = node.get("attr")
                yield ".".join(path) or _path(attribute), node["code"], detail, domain
                continue
            # Beside the errors of the whole record Kraken repeats an identifier, which is not an error.
            inner = node
            if not path and NO_FIELD in node and len(node) <= 2:
                inner = {
                    key: value for key, value in node.items() if key == NO_FIELD or not isinstance(value, str)
                }
            for key, value in reversed(inner.items()):
                waiting.append((path if key == NO_FIELD else (*path, str(key)), value, domain))
        elif isinstance(node, list):
            for index, value in reversed(list(enumerate(node))):
                nested = isinstance(value, dict | list) and not is_error(value=value)
                waiting.append(((*path, str(index)) if nested else path, value, domain))


def is_error(*, value: Any) -> bool:
    """Return whether this is an error of the flat form."""
    return isinstance(value, dict) and isinstance(value.get("code"), str) and "detail" in value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _path(attribute: Any) -> str:
    if not isinstance(attribute, str) or attribute == NO_FIELD:
        return ""
    dotted = attribute.replace("[", ".").replace("]", "").strip(".")
    return dotted.removesuffix(f".{NO_FIELD}")
