"""An audit as plain values for machines, in the shape of ``audit.schema.json``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib import resources
from typing import Any

from evisynth.exchange.audit.values import Audit, AuditedResult, Current, Remark

__all__ = ["SCHEMA_VERSION", "audit_schema", "audit_to_dict"]

SCHEMA_VERSION = "1.0"
"""Version of the shape; what breaks readers raises the first number."""


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in values.items()}


def _current(current: Current | None) -> dict[str, Any] | None:
    if current is None:
        return None
    names = (
        "estimate", "ci_lower", "ci_upper", "p", "tau2", "i2", "prediction_lower",
        "prediction_upper",
    )  # fmt: skip
    return {
        "k": current.k,
        **{name: _number(getattr(current, name)) for name in names},
        "changes": list(current.changes),
        "reason": current.reason,
    }


def _result(result: AuditedResult) -> dict[str, Any]:
    return {
        "id": result.id,
        "level": result.level,
        "comparison": result.comparison,
        "outcome": result.outcome,
        "subgroup": result.subgroup,
        "comparison_number": result.comparison_number,
        "outcome_number": result.outcome_number,
        "subgroup_number": result.subgroup_number,
        "kind": result.kind,
        "measure": result.measure,
        "method": result.method,
        "model": result.model,
        "ci_level": result.ci_level,
        "k": result.k,
        "stored": _numbers(result.stored),
        "computed": _numbers(result.computed),
        "differences": _numbers(result.differences),
        "relative_difference": _number(result.relative_difference),
        "verdict": result.verdict,
        "reason": result.reason,
        "notes": list(result.notes),
        "current": _current(result.current),
    }


def _remark(remark: Remark) -> dict[str, Any]:
    return {
        "check": remark.check,
        "severity": remark.severity,
        "where": remark.where,
        "studies": list(remark.studies),
        "message": remark.message,
        "hint": remark.hint,
    }


def audit_to_dict(audit: Audit) -> dict[str, Any]:
    """Return an audit as dicts, lists, text, numbers and None.

    Numbers keep their full precision; what is not there is None. A relative difference from a
    stored zero is infinite, which JSON cannot say: it is None, and the verdict is "different".
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "source": audit.source,
        "kind": audit.kind,
        "title": audit.title,
        "program": audit.program,
        "tolerance": audit.tolerance,
        "summary": {
            "results": len(audit.results),
            "equal": audit.count("equal"),
            "different": audit.count("different"),
            "not_computable": audit.count("not computable"),
            "rows": audit.rows_compared,
            "rows_different": len({(row.id, row.line) for row in audit.rows}),
            "warnings": len(audit.remarks),
            **dict(audit.facts),
        },
        "results": [_result(result) for result in audit.results],
        "without_result": [
            {
                "id": item.id,
                "comparison": item.comparison,
                "outcome": item.outcome,
                "subgroup": item.subgroup,
                "stored": item.stored,
                "estimate": _number(item.estimate),
                "ci_lower": _number(item.ci_lower),
                "ci_upper": _number(item.ci_upper),
                "reason": item.reason,
            }
            for item in audit.without_result
        ],
        "rows": [
            {
                "id": row.id,
                "study": row.study,
                "line": row.line,
                "what": row.what,
                "stored": _number(row.stored),
                "computed": _number(row.computed),
                "relative_difference": _number(row.relative_difference),
            }
            for row in audit.rows
        ],
        "warnings": [_remark(remark) for remark in audit.remarks],
        "errors": [
            {
                "where": problem.where,
                "at": problem.at,
                "message": problem.message,
                "allowed": list(problem.allowed),
                "hint": problem.hint,
            }
            for problem in audit.problems
        ],
        "not_read": [
            {"path": path, "count": count, "characters": characters}
            for path, count, characters in audit.not_read
        ],
    }


def audit_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `audit_to_dict`.

    Examples
    --------
    >>> sorted(audit_schema()["$defs"])
    ['current', 'numbers', 'problem', 'result', 'row', 'warning', 'without_result']
    """
    text = (
        resources.files("evisynth.exchange.audit").joinpath("audit.schema.json").read_text("utf-8")
    )
    found: dict[str, Any] = json.loads(text)
    return found
