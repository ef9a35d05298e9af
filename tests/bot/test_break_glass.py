"""Break-glass: what the gate refuses is merged by two people who say so, and never without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.running import TEAM

if TYPE_CHECKING:
    from tests.bot.conftest import Town

WHY = "prod burns, and this is the water"
SIZE = "environments/prod/context-api/size.yaml"


def test_two_people_let_pass_what_the_gate_refuses(staging_ahead: Town) -> None:
    town = staging_ahead
    town.errors("prod", on=True)
    assert town.bot("promote", "staging", "prod").outcome == "refused"
    opened = town.bot("promote", "staging", "prod", "--break-glass", WHY)
    assert (opened.code, opened.outcome) == (0, "opened")
    pull = town.sandbox.forge.pulls[opened.pull["number"]]
    assert "break-glass" in pull.labels
    assert any(WHY in (comment.body or "") for comment in pull.comments)

    def merge(*more: str) -> tuple[int, str, str]:
        done = town.bot("merge", str(pull.number), *more)
        return done.code, done.outcome, done.result["missing"] or ""

    town.sandbox.ada.approve(pull.number)
    assert merge()[:2] == (3, "refused")
    code, outcome, missing = merge("--break-glass", WHY)
    assert (code, outcome) == (3, "waiting")
    assert "needs 2 people" in missing
    assert "nobody did so far" in missing
    town.sandbox.ada.approve(pull.number, "Break-glass: I am on call")
    assert "so far: ada" in merge("--break-glass", WHY)[2]
    town.sandbox.ben.approve(pull.number, "break-glass, I agree")
    assert merge("--break-glass", WHY)[:2] == (3, "waiting")  # ben may not approve in prod
    town.sandbox.forge.teams[TEAM].add("ben")
    before = town.tree("environments/staging/release/context-api")
    assert merge("--break-glass", WHY)[:2] == (0, "merged")
    assert town.tree("environments/prod/release/context-api") == before
    message = town.git("log", "-1", "--format=%B", "main")
    assert "Gate: PASS" not in message
    assert f"Break-glass: {WHY}\nBreak-glass-by: ada, ben" in message
    assert "break-glass by ada, ben" in str(town.sandbox.forge.statuses[town.git("rev-parse", "main^2")][-1].description)


def test_a_human_author_is_one_of_the_two(town: Town) -> None:
    assert town.bot("freeze", "prod", "--reason", "audit").outcome == "merged"
    town.git("branch", "-f", "theirs", "main")
    town.push({SIZE: town.git("show", f"main:{SIZE}") + "\n# more\n"}, "a change", branch="theirs")
    number = int(town.sandbox.ben.call("POST", "/pulls", {"title": "x", "head": "theirs", "base": "main", "body": ""})["number"])
    town.sandbox.ada.approve(number, "break-glass")
    assert town.bot("merge", str(number)).codes == {"frozen"}
    done = town.bot("merge", str(number), "--break-glass", WHY)
    assert (done.outcome, done.result["break_glass"]) == ("merged", {"reason": WHY, "people": ["ada", "ben"]})


def test_what_cannot_work_is_refused_all_the_same(staging_ahead: Town) -> None:
    town = staging_ahead
    town.push({SIZE: "kind: [\n"}, "an overlay that does not render")
    refused = town.bot("promote", "staging", "prod", "--break-glass", WHY)
    assert refused.code == 1
    assert "break-glass does not help" in refused.document["error"]["message"]
    assert "promote.prod" not in town.open_pulls()
    assert town.bot("promote", "staging", "prod", "--break-glass", " ").code == 2
    assert town.bot("merge", "1", "--break-glass", "").code == 2
