"""Break-glass: what the gate refuses is merged by two people who say so, and never without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.running import TEAM

if TYPE_CHECKING:
    from tests.bot.conftest import Town

WHY = "prod burns, and this is the water"
RELEASE = "environments/prod/release/context-api"
SIZE = "environments/prod/context-api/size.yaml"


def line(town: Town, number: int) -> str:
    """What the bot asks people to write."""
    (asked,) = (comment.body or "" for comment in town.sandbox.forge.pulls[number].comments if "break-glass" in (comment.body or ""))
    return asked.split("```")[1].strip()


def test_two_people_let_pass_what_the_gate_refuses(staging_ahead: Town) -> None:
    town = staging_ahead
    town.errors("prod", on=True)
    assert town.bot("promote", "staging", "prod").outcome == "refused"
    opened = town.bot("promote", "staging", "prod", "--break-glass", WHY)
    assert (opened.code, opened.outcome) == (0, "opened")
    pull = town.sandbox.forge.pulls[opened.pull["number"]]
    assert "break-glass" in pull.labels
    assert any(WHY in (comment.body or "") for comment in pull.comments)
    words = line(town, pull.number)
    assert opened.result["break_glass"] == {"line": words}
    assert f"\n  {words}\n" in town.say("promote", "staging", "prod", "--break-glass", f"{WHY}\n")[1]

    def merge(*more: str) -> tuple[int, str, str]:
        done = town.bot("merge", str(pull.number), *more)
        return done.code, done.outcome, done.result["missing"] or ""

    head = town.git("rev-parse", "promote.prod")[:12]
    asked = f"break-glass needs 2 people of @{TEAM} who approve {head}, each with the line `{words}` in that review"
    writes = town.writes()
    assert merge("--break-glass", WHY, "--dry-run") == (3, "judged", f"{asked} (nobody did so far)")
    assert town.writes() == writes
    assert merge("--break-glass", f" {WHY.replace(' ', '  ')}\n") == (3, "waiting", f"{asked} (nobody did so far)")
    town.sandbox.ada.approve(pull.number)
    assert merge()[:2] == (3, "refused")
    code, outcome, missing = merge("--break-glass", WHY)
    assert (code, outcome) == (3, "waiting")
    assert "nobody did so far" in missing
    assert words in missing
    for other in (f"no {words} from me", "break-glass", f"{words[:-1]}x"):
        town.sandbox.ada.approve(pull.number, other)
        assert "nobody did so far" in merge("--break-glass", WHY)[2]
    town.sandbox.ada.approve(pull.number, f"I am on call.\n{words}")
    assert "so far: ada" in merge("--break-glass", WHY)[2]
    assert merge("--break-glass", "something else")[2].endswith("(nobody did so far); ada wrote a line for another reason or head")
    town.sandbox.ben.approve(pull.number, words)
    town.sandbox.cleo.call("POST", f"/pulls/{pull.number}/reviews", {"event": "COMMENT", "body": words})
    ben, cleo = "people.approve does not name them", "it is in no approval of this head"
    lost = f"the line of ben does not count: {ben}; the line of cleo does not count: {cleo}"
    assert merge("--break-glass", WHY) == (3, "waiting", f"{asked} (so far: ada); {lost}")
    town.sandbox.cleo.approve(pull.number, words)
    assert merge("--break-glass", WHY, "--dry-run") == (0, "judged", "")
    assert "would be merged, break-glass by ada, cleo: " in town.say("merge", str(pull.number), "--break-glass", WHY, "--dry-run")[1]
    before = town.tree("environments/staging/release/context-api")
    code, said, _ = town.say("merge", str(pull.number), "--break-glass", f"{WHY} ")
    assert (code, f"break-glass by ada, cleo: {WHY}\non main as " in said) == (0, True), said
    assert town.tree("environments/prod/release/context-api") == before
    message = town.git("log", "-1", "--format=%B", "main")
    assert "Gate: PASS" not in message
    assert f"Break-glass: {WHY}\nBreak-glass-by: ada, cleo" in message
    (evidence,) = (text for comment in pull.comments if (text := comment.body or "").startswith("<!-- bot: gate evidence"))
    assert message.split("Evidence-SHA256: ")[1].split()[0] in evidence
    assert "break-glass by ada, cleo" in str(town.sandbox.forge.statuses[town.git("rev-parse", "main^2")][-1].description)


def test_the_author_is_not_one_of_the_two(town: Town) -> None:
    assert town.bot("freeze", "prod", "--reason", "audit").outcome == "merged"
    town.sandbox.forge.teams[TEAM].add("ben")
    number = town.proposed({SIZE: town.git("show", f"main:{SIZE}") + "\n# more\n"})
    town.sandbox.ada.approve(number)
    assert town.bot("merge", str(number)).codes == {"frozen"}
    assert town.bot("merge", str(number), "--break-glass", WHY).outcome == "waiting"
    town.sandbox.ada.approve(number, line(town, number))
    town.sandbox.ben.call("POST", f"/pulls/{number}/reviews", {"event": "COMMENT", "body": line(town, number)})
    missing = town.bot("merge", str(number), "--break-glass", WHY).result["missing"]
    assert missing.endswith("(so far: ada); the line of ben does not count: it is the author's")


def test_what_cannot_work_is_refused_all_the_same(prod_ahead: Town) -> None:
    """A release that was rolled back, put where it was by hand; and a hold that nobody can read hides none that can be."""
    town = prod_ahead
    bad = {path: town.git("show", f"main:{RELEASE}/{path}") + "\n" for path in ("images/kustomization.yaml",)}
    assert town.bot("rollback", "prod", "context-api", "--reason", "errors").outcome == "merged"
    number = town.proposed({f"{RELEASE}/{path}": text for path, text in bad.items()})
    town.sandbox.ada.approve(number)
    assert town.bot("gate", "--pr", str(number)).codes >= {"release-not-recorded", "release-quarantined"}
    refused = town.bot("merge", str(number), "--break-glass", WHY)
    assert (refused.code, "break-glass does not help" in refused.document["error"]["message"]) == (1, True)

    town.push({"environments/staging/holds/typo.yaml": "kind: quarantene\n"}, "a hold that nobody can read")
    town.wait_until_synced()
    assert town.bot("gate", "staging", "prod").codes >= {"hold-unreadable", "release-quarantined"}
    refused = town.bot("promote", "staging", "prod", "--break-glass", WHY)
    assert refused.code == 1
    assert "promote.prod" not in town.open_pulls()
    assert town.bot("promote", "staging", "prod", "--break-glass", " ").code == 2
    assert town.bot("merge", "1", "--break-glass", "").code == 2
