"""Texts for people, to the character; what comes from outside cannot do anything in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import messages, urgent_messages
from bot.model import Hold, Image, Origin, Record, Release, Verdict
from bot.objects_diff import ObjectChange
from bot.observations import Finding, Judgement
from bot.ports import Commit
from bot.promotion import Change, Plan

OLD, NEW, BEGAN = "1" * 40, "2" * 40, "c" * 40
NOON = datetime(2026, 11, 24, 12, 30, 5, tzinfo=UTC)
GITHUB_LIMIT = 65_536
SMALL = ObjectChange("Service", "api", "prod", "changed", "--- Service prod/api (before)\n+++ Service prod/api (after)\n-a\n+b", {}, {})


def change(app: str = "api", before: str | None = "v1", after: str = "v2") -> Change:
    old = None if before is None else Release(app, OLD, before)
    return Change(app, old, Release(app, NEW, after, (Image(app, after),)), Record(NEW, after, Origin("staging", BEGAN), 2))


PLAN = Plan("staging", "prod", (change(), change("neo4j", None, "5.26.29")))


def commit(subject: str, number: int = 1) -> Commit:
    return Commit(f"{number:040x}", (), "ada@example.com", NOON, subject)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (change(), "api v1 -> v2"),
        (change(before=None), "api nothing -> v2"),
        (change(before="v2"), "api v2 (1111111) -> v2 (2222222)"),
        (change(before="v1@sha256:1"), "api v1 -> v2"),
        (replace(change(), before=Release("api", "", "none")), "api nothing -> v2"),
    ],
    ids=["another version", "the first", "the same version", "with a digest", "a record without a release"],
)
def test_a_change_is_said_by_its_versions(changed: Change, words: str) -> None:
    assert messages.version_change(changed) == words


def test_the_subject_names_a_few_apps_or_counts_them() -> None:
    assert messages.promotion_subject(PLAN) == "prod: api v1 -> v2, neo4j nothing -> 5.26.29"
    many = Plan("staging", "prod", tuple(change(app) for app in "abcd"))
    assert messages.promotion_subject(many) == "prod: 4 apps from staging"


def test_a_promotions_commit_names_trees_and_origins() -> None:
    assert (
        messages.promotion_commit(replace(PLAN, changes=PLAN.changes[:1]))
        == f"""prod: api v1 -> v2

api v1 -> v2
  tree {NEW}
  from staging@{BEGAN}
"""
    )


BODY = """Promotes from **staging** to **prod**.

| app | before | after | tree | from |
|---|---|---|---|---|
| api | v1 | v2 | `222222222222` | staging@cccccccccccc |
| neo4j | nothing | 5.26.29 | `222222222222` | staging@cccccccccccc |

⚠️ Differs, too, and is not part of this: qdrant. This combination was not seen together.

Skipped, without an overlay in prod: monitoring.

### Risks

- deletes StatefulSet api

### Not exercised in staging

- api/size.yaml

### Commits inside

- 000000000000 thanks @\u200bada

### Rendered changes

Objects: 1 changed. The dangerous ones come first.

```diff
--- Service prod/api (before)
+++ Service prod/api (after)
-a
+b
```

### Undo

`bot rollback prod api neo4j --reason …`.
"""


def test_a_promotions_body_tells_the_whole_of_it() -> None:
    plan = replace(PLAN, left_behind=("qdrant",), without_overlay=("monitoring",))
    body = messages.promotion_body(
        plan, commits=[commit("thanks @ada")], changes=[SMALL], risks=["deletes StatefulSet api"], unexercised=["api/size.yaml"]
    )
    assert body == BODY


def test_what_there_is_none_of_has_no_heading() -> None:
    body = messages.promotion_body(PLAN, commits=[], changes=[], risks=[], unexercised=[])
    assert [line for line in body.splitlines() if line.startswith("###")] == ["### Rendered changes", "### Undo"]


@given(
    st.lists(st.text(max_size=300).map(lambda text: text * 40), max_size=30),
    st.lists(st.integers(0, 70_000), max_size=30),
    st.integers(1, 400),
)
@settings(max_examples=40)
def test_a_body_fits_whatever_is_in_it(texts: list[str], sizes: list[int], apps: int) -> None:
    names = tuple(f"{number:03}{'a' * 60}" for number in range(apps))
    plan = Plan("staging", "prod", tuple(map(change, names)), left_behind=names, without_overlay=names)
    changes = [replace(SMALL, name=f"{number}", diff=f"--- a\n+++ b\n+{'`<' * (size // 2)}") for number, size in enumerate(sizes)]
    body = messages.promotion_body(plan, commits=[commit(text) for text in texts], changes=changes, risks=texts, unexercised=texts * 50)
    assert len(body) <= GITHUB_LIMIT
    assert "### Undo\n\n`bot rollback prod 000" in body[-3000:]
    assert body.endswith("`.\n")


def finding(verdict: Verdict, summary: str = "an alert fires", row: int = 10) -> Finding:
    return Finding(row, "alert-firing", verdict, "staging: https://prometheus.example", summary)


REFUSED = Judgement(Verdict.FAIL, (finding(Verdict.FAIL), finding(Verdict.HOLD, "soak", 11), finding(Verdict.PASS, "ok", 1)), NOON)
PASSED = Judgement(Verdict.PASS, (finding(Verdict.PASS, "ok", 1),), NOON)


def test_evidence_for_a_terminal_is_one_line() -> None:
    assert messages.finding_line(finding(Verdict.FAIL)) == "FAIL    row 10 staging: https://prometheus.example: an alert fires"


def test_the_sticky_comment_says_verdict_reasons_and_evidence() -> None:
    assert (
        messages.evidence_comment(REFUSED, '{"a": 1}', "sha256:1")
        == """<!-- bot: gate evidence -->
## ⛔ FAIL at 2026-11-24 12:30:05 UTC
- **FAIL** row 10, staging: https:\u200b//prometheus.example: an alert fires
- **HOLD** row 11, staging: https:\u200b//prometheus.example: soak

<details><summary>evidence sha256:1</summary>

```json
{"a": 1}
```

</details>
"""
    )


@pytest.mark.parametrize(
    ("findings", "evidence"), [(1, "x" * 100_000), (5000, "{}"), (1, "`" * 59_000)], ids=["evidence", "reasons", "backticks"]
)
def test_a_comment_fits_whatever_is_in_it(findings: int, evidence: str) -> None:
    judgement = replace(REFUSED, findings=(finding(Verdict.FAIL),) * findings)
    comment = messages.evidence_comment(judgement, evidence, "sha256:1")
    assert len(comment) <= GITHUB_LIMIT
    assert comment.startswith(messages.EVIDENCE_MARKER)
    assert comment.endswith("</details>\n")


@pytest.mark.parametrize(
    ("judgement", "words"),
    [
        (PASSED, "PASS: 1 checks"),
        (REFUSED, "FAIL: an alert fires (+1 more)"),
        (replace(REFUSED, findings=(finding(Verdict.FAIL, "a\n  b"),)), "FAIL: a b"),
    ],
    ids=["passed", "refused", "many lines"],
)
def test_a_status_says_the_verdict_in_words(judgement: Judgement, words: str) -> None:
    assert messages.status_description(judgement) == words


def test_a_status_fits() -> None:
    described = messages.status_description(replace(REFUSED, findings=(finding(Verdict.FAIL, "long " * 100),) * 12))
    assert len(described) == 140
    assert described.endswith("(+11 more)")


def test_a_pin_lists_what_it_resolved() -> None:
    image = Image("ghcr.io/team/api", "v2", "sha256:1")
    assert messages.pin_subject({"qdrant": (image,), "api": (image,)}) == "pin the images of api, qdrant by digest"
    assert messages.pin_body([image.reference]) == (
        "The registry's digests of the tags that had none:\n\n- `ghcr.io/team/api:v2@sha256:1`\n\n"
        "The tags stay what they are. Undo: revert.\n"
    )


def test_a_bump_says_what_dev_will_run() -> None:
    assert messages.bump_subject("api", "v1", "v2") == "api: v1 -> v2"
    assert messages.bump_body("api", "ghcr.io/team/api:v2@sha256:1") == (
        "Dev runs `ghcr.io/team/api:v2@sha256:1` as soon as this is merged. Other environments wait for a promotion.\n\n"
        "Undo: revert; app: api.\n"
    )


def test_a_merge_names_its_evidence() -> None:
    assert messages.merge_message("1f", PASSED) == "Gate: PASS at 2026-11-24T12:30:05+00:00\nEvidence-SHA256: 1f\n"


def test_a_rollback_says_what_goes_back_and_what_is_held() -> None:
    bad, good = Release("api", NEW, "v2@sha256:2"), Release("api", OLD, "v1")
    subject = urgent_messages.rollback_subject("prod", [(bad, good), (replace(bad, app="b"), good)])
    assert subject == "prod: roll back api v2 -> v1, b v2 -> v1"
    hold = Hold("quarantine-api-222", "prod", "api", NEW, (), "ada", "2026-11-24T10:00:00Z", "leaks")
    assert urgent_messages.rollback_body("prod", [hold], ["its overlay comes back, too"], "errors, see <b>\n@all") == (
        "Why: errors, see &lt;b&gt; @\u200ball\n\n"
        "- quarantined: api tree 222222222222 (`bot unquarantine prod quarantine-api-222 --reason …`)\n"
        "- its overlay comes back, too\n"
    )
