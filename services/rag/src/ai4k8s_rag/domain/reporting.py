"""A report for programs: plain values for JSON, and SARIF 2.1.0 for code scanning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.catalogue import RULES
from ai4k8s_rag.domain.editing import CannotEditError, text_edit
from ai4k8s_rag.domain.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ai4k8s_rag.domain.check import Report

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def report_values(report: Report, text: str) -> dict[str, Any]:
    """Return a report as JSON values; each fix as the one replacement an editor makes."""
    return {
        "version": report.version,
        "profile": report.profile.value,
        "objects": list(report.objects),
        "valid": report.is_valid,
        "counts": report.counts,
        "left_out": report.left_out,
        "findings": [finding_values(finding, text) for finding in report.findings],
    }


def finding_values(finding: Finding, text: str) -> dict[str, Any]:
    """Return one finding as JSON values."""
    return {
        "rule": finding.rule,
        "title": RULES[finding.rule].title,
        "layer": finding.layer.value,
        "severity": finding.severity.value,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "end_line": finding.end_line,
        "end_column": finding.end_column,
        "document": finding.document,
        "subject": finding.subject,
        "why": finding.why,
        "fix": _fix_values(finding, text),
    }


def _fix_values(finding: Finding, text: str) -> dict[str, Any] | None:
    if finding.fix is None:
        return None
    try:
        edit = text_edit(text, finding.document, finding.fix.edits)
    except CannotEditError:  # inside an alias: a person must look
        return None
    return {"title": finding.fix.title, "start": edit.start, "end": edit.end, "text": edit.text}


def sarif(reports: Iterable[tuple[str, Report]], version: str) -> dict[str, Any]:
    """Return the findings of some files (address, report) as one SARIF log."""
    results = [_result(address, finding) for address, report in reports for finding in report.findings]
    used = sorted({result["ruleId"] for result in results})
    rules = [
        {
            "id": name,
            "shortDescription": {"text": RULES[name].title},
            "defaultConfiguration": {"level": _LEVELS[RULES[name].severity]},
            "properties": {"layer": RULES[name].layer.value},
        }
        for name in used
    ]
    for result in results:
        result["ruleIndex"] = used.index(result["ruleId"])
    driver = {"name": "ai4k8s", "version": version, "rules": rules}
    return {"$schema": _SARIF, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(address: str, finding: Finding) -> dict[str, Any]:
    region = {"startLine": finding.line, "startColumn": finding.column}
    if (finding.end_line, finding.end_column) > (finding.line, finding.column):
        region |= {"endLine": finding.end_line, "endColumn": finding.end_column}
    subject = f"{finding.subject}: " if finding.subject else ""
    return {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{subject}{finding.why}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": address}, "region": region}}],
    }
