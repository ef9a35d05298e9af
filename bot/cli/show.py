"""Results for people, with rich; every text from outside is printed as it is, never as markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from bot.messages import finding_line, version_change
from bot.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

    from bot.observations import Judgement
    from bot.policies.sizes import EnvironmentSize, Size
    from bot.ports import PullRequest
    from bot.workflows.planning import Planned

COLOURS = {Verdict.PASS: "green", Verdict.HOLD: "yellow", Verdict.UNKNOWN: "magenta", Verdict.FAIL: "red"}
MAX_DIFF_LINES = 400
GIB = 1024**3


def line(console: Console, text: str, style: str = "") -> None:
    """One plain line."""
    console.print(Text(text, style=style))


def table(console: Console, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table of plain texts."""
    drawn = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console.print(drawn)


def plan(console: Console, planned: Planned) -> None:
    """A plan: what changes, what is skipped, the rendered diff by object."""
    line(console, f"{planned.plan.source} -> {planned.plan.target}", "bold")
    for change in planned.plan.changes:
        origin = f"{change.record.origin.place}@{change.record.origin.commit[:12]}"
        line(console, f"  {version_change(change)}  (tree {change.after.tree[:12]} from {origin})")
    for app in planned.plan.without_overlay:
        line(console, f"  {app}: skipped, {planned.plan.target} has no overlay for it", "yellow")
    if planned.plan.left_behind:
        names = ", ".join(planned.plan.left_behind)
        line(console, f"  not seen together: {names} differ, too, and stay behind", "yellow")
    for risk in planned.risks:
        line(console, f"  risk: {risk}", "red")
    diff(console, "\n".join(change.diff for change in planned.changes))


def diff(console: Console, text: str, *, most: int | None = MAX_DIFF_LINES) -> None:
    """A diff, with its end left out when it has more lines than that."""
    lines = text.splitlines()
    if not lines:
        line(console, "  renders the same")
        return
    console.print(Syntax("\n".join(lines[:most]), "diff", background_color="default"))
    if most and len(lines) > most:
        line(console, f"… {len(lines) - most} more lines; see --json or the pull request")


def sizes(console: Console, found: Mapping[str, EnvironmentSize]) -> None:
    """What environments ask for, at least and at most; Jobs run now and then, and are named beside the sums."""
    rows: list[tuple[str, ...]] = []
    for environment, size in found.items():
        for each in (*size.workloads, *size.claims):
            rows += [(environment, f"{each.kind} {each.name}", str(each.replicas), *_amounts(each.total))]
            if each.most_replicas > each.replicas:
                rows += [(environment, f"{each.kind} {each.name}, at most", str(each.most_replicas), *_amounts(each.at_most))]
        rows += [(environment, "in all, at least", "", *_amounts(size.total))]
        rows += [(environment, "in all, at most", "", *_amounts(size.at_most))]
        rows += [(environment, f"{each.kind} {each.name}, when it runs", "", *_amounts(each.total)) for each in size.jobs]
    table(console, ("ENVIRONMENT", "WORKLOAD", "PODS", "CPU", "MEMORY", "STORAGE"), rows)


def _amounts(size: Size) -> tuple[str, str, str]:
    return f"{size.cpu / 1000:g}", f"{size.memory / GIB:.2f} GiB", f"{size.storage / GIB:g} GiB"


def judgement(console: Console, judged: Judgement, *, verbose: bool = False) -> None:
    """The verdict, then what keeps it from passing, or how long the releases soaked; everything with --verbose."""
    passed = len(judged.findings) - len(judged.reasons)
    more = "" if verbose else "; --verbose lists them"
    line(console, f"gate: {judged.verdict.name} ({passed} of {len(judged.findings)} checks pass{more})", f"bold {COLOURS[judged.verdict]}")
    soaked = tuple(finding for finding in judged.findings if finding.code == "soaked")
    for finding in judged.findings if verbose else judged.reasons or soaked:
        line(console, f"  {finding_line(finding)}", COLOURS[finding.verdict])


def pull(console: Console, found: PullRequest, word: str) -> None:
    """Where the pull request is."""
    line(console, f"{word}: #{found.number} {found.title}\n  {found.url}")
