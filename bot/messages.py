"""Texts for people: commits, pull requests, comments, statuses; whatever comes from outside is escaped here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.markdown import escaped, fenced, listed, named, shortened, visible, within
from bot.model import Verdict
from bot.promotion import DROP_TRAILER, FIXES_TRAILER
from bot.rendered_changes import rendered_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.model import Image
    from bot.objects_diff import ObjectChange
    from bot.observations import BrokenGlass, Finding, Judgement
    from bot.ports import Commit
    from bot.promotion import Change, Plan

EVIDENCE_MARKER = "<!-- bot: gate evidence -->"
COMMENT_LIMIT = 60_000  # GitHub refuses bodies and comments above 65,536 characters
LIST_ROOM = 7_000  # of a body, for each of its lists; what is left is the rendered diff's
NAMES_ROOM = 1_500
REASON_ROOM = 500
SUBJECT_APPS = 3
SIGNS = {Verdict.PASS: "✅", Verdict.HOLD: "⏳", Verdict.UNKNOWN: "❔", Verdict.FAIL: "⛔"}


def version_change(change: Change) -> str:
    """`context-api v1.4.1 -> v1.4.2`, with trees where the versions are the same."""
    before = change.before
    old, new = (before.version if before and before.tree else "nothing"), change.after.version
    if before and old == new:
        old, new = f"{old} ({before.tree[:7]})", f"{new} ({change.after.tree[:7]})"
    return f"{change.app} {short(old)} -> {short(new)}"


def short(version: str) -> str:
    """A version without its digest."""
    return version.split("@", 1)[0]


def promotion_subject(plan: Plan) -> str:
    """Subject of the commit and title of the pull request of a promotion."""
    if len(plan.changes) <= SUBJECT_APPS:
        return f"{plan.target}: " + ", ".join(version_change(change) for change in plan.changes)
    return f"{plan.target}: {len(plan.changes)} apps from {plan.source}"


def promotion_commit(plan: Plan) -> str:
    """The whole commit message of a promotion."""
    lines = [f"{version_change(c)}\n  tree {c.after.tree}\n  from {c.record.origin}" for c in plan.changes]
    trailer = [f"{DROP_TRAILER}: {' '.join(plan.drop_reason.split())}"] if plan.dropped and plan.drop_reason else []
    trailer += [f"{FIXES_TRAILER}: {alert}" for alert in plan.fixes]
    parts = [promotion_subject(plan), "\n".join(lines), "\n".join(trailer)]
    return "\n\n".join(part for part in parts if part) + "\n"


def promotion_body(
    plan: Plan,
    *,
    commits: Sequence[Commit],
    changes: Sequence[ObjectChange],
    risks: Iterable[str],
    unexercised: Sequence[str],
) -> str:
    """The body of a promotion's pull request: stable for the same plan, so that a re-run writes nothing; `changes` in order of danger."""
    parts = [f"Promotes from **{plan.source}** to **{plan.target}**.", _table(plan.changes)]
    if plan.left_behind:
        names = named([escaped(app) for app in plan.left_behind], room=NAMES_ROOM)
        parts.append(f"⚠️ Differs, too, and is not part of this: {names}. This combination was not seen together.")
    if plan.without_overlay:
        names = named([escaped(app) for app in plan.without_overlay], room=NAMES_ROOM)
        parts.append(f"Skipped, without an overlay in {plan.target}: {names}.")
    if plan.dropped:
        names = named([escaped(app) for app in plan.dropped], room=NAMES_ROOM)
        parts.append(f"⚠️ Drops the hotfix of {names}: {escaped(shortened(plan.drop_reason or 'nobody said why', REASON_ROOM))}")
    if plan.fixes:
        names = named([escaped(alert) for alert in plan.fixes], room=NAMES_ROOM)
        parts.append(f"Is to end {names}, which may fire in {plan.target} until then.")
    parts += [listed("Risks", risks, room=LIST_ROOM), listed(f"Not exercised in {plan.source}", unexercised, room=LIST_ROOM)]
    parts.append(listed("Commits inside", [f"{c.sha[:12]} {c.subject}" for c in commits], room=LIST_ROOM))
    undo = f"### Undo\n\n`bot rollback {plan.target} {named(plan.apps, room=NAMES_ROOM, between=' ')} --reason …`."
    room = COMMENT_LIMIT - len("\n\n".join([*parts, undo]))
    return "\n\n".join(part for part in (*parts, rendered_changes(changes, room=room), undo) if part) + "\n"


def _table(changes: Iterable[Change]) -> str:
    rows = []
    for change in changes:
        before = short(change.before.version) if change.before and change.before.tree else "nothing"
        origin = f"{change.record.origin.place}@{change.record.origin.commit[:12]}"
        app, old, new = (escaped(text) for text in (change.app, before, short(change.after.version)))
        rows.append(f"| {app} | {old} | {new} | `{change.after.tree[:12]}` | {origin} |")
    return "\n".join(["| app | before | after | tree | from |", "|---|---|---|---|---|", *within(rows, LIST_ROOM, "| … and {} more |")])


def finding_line(finding: Finding) -> str:
    """One line of evidence for a terminal."""
    return f"{finding.verdict.name:<7} row {finding.row:<2} {finding.subject}: {finding.summary}"


def evidence_comment(judgement: Judgement, evidence: str, digest: str) -> str:
    """The sticky comment: the verdict in words, its reasons, and the evidence as JSON."""
    lines = [
        EVIDENCE_MARKER,
        f"## {SIGNS[judgement.verdict]} {judgement.verdict.name} at {judgement.at:%Y-%m-%d %H:%M:%S} UTC",
    ]
    lines += [f"- **{f.verdict.name}** row {f.row}, {escaped(f.subject)}: {escaped(f.summary)}" for f in judgement.reasons]
    text = "\n".join(lines)
    room = COMMENT_LIMIT - len(text)
    shown = fenced(evidence, "json")
    if len(shown) > room or evidence.rstrip() not in shown:
        shown = "(evidence too long for a comment)"
    return f"{shortened(text, COMMENT_LIMIT)}\n\n<details><summary>evidence {digest}</summary>\n\n{shown}\n\n</details>\n"


def status_description(judgement: Judgement, *, broken: BrokenGlass | None = None) -> str:
    """The verdict within a commit status; overridden, by whom, too."""
    if broken:
        return " ".join(f"{judgement.verdict.name}, break-glass by {', '.join(broken.people)}: {broken.reason}".split())[:140]
    reasons = judgement.reasons
    more = f" (+{len(reasons) - 1} more)" if len(reasons) > 1 else ""
    first = f": {reasons[0].summary}" if reasons else f": {len(judgement.findings)} checks"
    return " ".join(f"{judgement.verdict.name}{first}".split())[: 140 - len(more)] + more


def bump_subject(app: str, before: str, after: str) -> str:
    """Subject of a bump."""
    return f"{app}: {before} -> {after}"


def bump_body(app: str, reference: str) -> str:
    """Body of a bump's pull request."""
    return f"Dev runs `{reference}` as soon as this is merged. Other environments wait for a promotion.\n\nUndo: revert; app: {app}.\n"


def pin_subject(pinned: Mapping[str, Sequence[Image]]) -> str:
    """Subject of a pull request that gives tags their digests."""
    return f"pin the images of {', '.join(sorted(pinned))} by digest"


def pin_body(references: Iterable[str]) -> str:
    """Body of a pull request that gives tags their digests."""
    lines = "\n".join(f"- `{reference}`" for reference in references)
    return f"The registry's digests of the tags that had none:\n\n{lines}\n\nThe tags stay what they are. Undo: revert.\n"


def merge_message(digest: str, judgement: Judgement, *, broken: BrokenGlass | None = None) -> str:
    """The merge commit's message: which evidence it rests on, and who overrode it, why."""
    lines = [f"Gate: {judgement.verdict.name} at {judgement.at.isoformat()}", f"Evidence-SHA256: {digest}"]
    if broken:
        lines += [f"Break-glass: {' '.join(visible(broken.reason).split())}", f"Break-glass-by: {', '.join(broken.people)}"]
    return "\n".join(lines) + "\n"
