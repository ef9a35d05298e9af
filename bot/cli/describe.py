"""Results as JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot.gate.outcomes import written

if TYPE_CHECKING:
    from bot.model import Release
    from bot.observations import Judgement
    from bot.policies.sizes import EnvironmentSize, WorkloadSize
    from bot.ports import PullRequest
    from bot.promotion import Change
    from bot.workflows.auto_rollback import Response
    from bot.workflows.planning import Planned


def pull(found: PullRequest | None) -> dict[str, Any] | None:
    """A pull request."""
    if found is None:
        return None
    return {"number": found.number, "url": found.url, "branch": found.branch, "head": found.head, "title": found.title}


def release(found: Release | None) -> dict[str, Any] | None:
    """A release."""
    return None if found is None or not found.tree else {"tree": found.tree, "version": found.version}


def judgement(found: Judgement | None) -> dict[str, Any] | None:
    """A verdict with its evidence."""
    if found is None:
        return None
    findings = [written(each) for each in found.findings]
    return {"verdict": found.verdict.name, "at": found.at.isoformat(), "findings": findings}


def change(found: Change) -> dict[str, Any]:
    """One app of a plan."""
    return {
        "app": found.app,
        "before": release(found.before),
        "after": release(found.after),
        "from": str(found.record.origin),
        "number": found.record.number,
    }


def sizes(found: EnvironmentSize) -> dict[str, Any]:
    """What an environment asks for, in millicores and bytes."""
    groups = {"workloads": found.workloads, "volumes": found.claims, "jobs": found.jobs}
    sums = {"total": asdict(found.total), "at_most": asdict(found.at_most)}
    return sums | {name: [_workload(each) for each in group] for name, group in groups.items()}


def _workload(found: WorkloadSize) -> dict[str, Any]:
    sums = {"each": asdict(found.each), "total": asdict(found.total), "at_most": asdict(found.at_most)}
    return {"kind": found.kind, "name": found.name, "replicas": found.replicas, "most_replicas": found.most_replicas} | sums


def planned(found: Planned | None) -> dict[str, Any] | None:
    """A promotion before it is judged."""
    if found is None:
        return None
    return {
        "source": found.plan.source,
        "target": found.plan.target,
        "changes": [change(each) for each in found.plan.changes],
        "skipped": list(found.plan.without_overlay),
        "left_behind": list(found.plan.left_behind),
        "risks": list(found.risks),
        "commit": found.commit,
        "diff": [each.diff for each in found.changes],
    }


def response(found: Response | None) -> dict[str, Any] | None:
    """What was done about a failure after the merge."""
    return None if found is None else {"outcome": found.outcome, "why": found.why, "apps": list(found.apps)}
