"""Doctor on the forge: who we are there, what we may do, what protects main, how merges happen, who is told of pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.model import MAIN, BotError
from bot.promotion import GATE_STATUS
from bot.setup import OK, PROBLEM, UNKNOWN, WARNING, Check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TypeVar

    from bot.model import Environment
    from bot.ports import World
    from bot.setup import Merging, Protection, Rights, Webhook

    Seen = TypeVar("Seen")

FORGE = "forge"
OF_APP = {"contents": "write", "pull_requests": "write", "statuses": "write", "issues": "write", "members": "read"}
WEBHOOK = "/api/webhook"  # where Argo CD hears of pushes
HOOKS = "look in the repository's settings, under Webhooks; the bot sees them with the permission webhooks: read"
GOOD = range(200, 300)


def forge_checks(world: World, environments: Sequence[Environment]) -> list[Check]:
    """All that the forge can be asked; what it does not tell is unknown."""
    try:
        who = world.forge.login()
    except BotError as error:
        return [Check(PROBLEM, FORGE, error.message, error.hint)]
    rights = _read(world.forge.rights)
    app = None if isinstance(rights, BotError) else rights.app
    merging = any(each.merge == "bot" for each in environments)
    return [
        Check(OK, FORGE, f"we are {who}"),
        *_judged("what we may do", rights, rights_checks),
        *_judged("what protects main", _read(world.forge.protection), lambda seen: protection_checks(seen, app, bot_merges=merging)),
        *_judged("how pull requests are merged", _read(world.forge.merging), merging_checks),
        *_judged("whether CODEOWNERS is right", _read(world.forge.owners_problems), owners_checks),
        *_judged("which webhooks there are", _read(world.forge.webhooks), lambda seen: webhook_checks(seen, environments), HOOKS),
    ]


def _read(read: Callable[[], Seen]) -> Seen | BotError:
    try:
        return read()
    except BotError as error:
        return error


def _judged(subject: str, seen: Seen | BotError, judge: Callable[[Seen], Iterable[Check]], fix: str = "") -> Iterable[Check]:
    if isinstance(seen, BotError):
        return [Check(UNKNOWN, FORGE, f"cannot tell {subject}: {seen.message}", fix or seen.hint)]
    return judge(seen)


def rights_checks(rights: Rights) -> Iterator[Check]:
    """The App's permissions, or a classic token's scopes; of a fine-grained token nobody is told what it may write."""
    if rights.kind == "app":
        yield from (_of_app(name, wanted, rights.permissions.get(name, "none")) for name, wanted in OF_APP.items())
        return
    if rights.may_push is False:
        yield Check(PROBLEM, FORGE, "the token's owner may not push to the repository", "give its account the role Write")
    if rights.kind == "classic":
        enough = {"repo"} if rights.is_private else {"repo", "public_repo"}
        fix = "make a token with the scopes repo and read:org, or better a GitHub App"
        if enough & set(rights.scopes):
            yield Check(OK, FORGE, f"the token has the scopes {', '.join(rights.scopes)}")
        else:
            yield Check(PROBLEM, FORGE, f"the token has the scopes {', '.join(rights.scopes) or '(none)'}", fix)
        return
    wanted = ", ".join(f"{name}: {right}" for name, right in OF_APP.items())
    what = "cannot tell what the token may write: the forge does not say that of fine-grained tokens"
    yield Check(UNKNOWN, FORGE, what, f"look at its page; it needs {wanted}")


def _of_app(name: str, wanted: str, has: str) -> Check:
    if has in {wanted, "write", "admin"}:
        return Check(OK, FORGE, f"the App has {name}: {has}")
    fix = f"give the App the permission {name}: {wanted}, and accept it where it is installed"
    if name == "members":  # an App of a person's account has no such permission, and needs none
        return Check(WARNING, FORGE, f"the App has {name}: {has}; without, no team can approve", fix)
    return Check(PROBLEM, FORGE, f"the App has {name}: {has}", fix)


def protection_checks(seen: Protection, app: int | None, *, bot_merges: bool) -> Iterator[Check]:
    """What must stand between a person's push and main, and whose word the gate's status is."""
    yield _told(
        seen.pull_request, f"{MAIN} takes pull requests alone", f"{MAIN} takes pushes that nobody reviewed", "require a pull request"
    )
    yield _told(seen.owners_review, "owners must approve", "no owner must approve", "require review from Code Owners")
    if bot_merges:
        good, bad = "the most recent push must be approved", "a push after the approval need not be approved"
        yield _told(seen.last_push_approval, good, bad, "require approval of the most recent reviewable push")
    gates = [check for check in seen.checks if check.context == GATE_STATUS]
    if not gates:
        yield Check(PROBLEM, FORGE, f"{MAIN} does not require the status {GATE_STATUS}", "require it in the ruleset of main")
        return
    yield Check(OK, FORGE, f"{MAIN} requires the status {GATE_STATUS}")
    yield from _pinned({check.app for check in gates} - {None}, app, bot_merges=bot_merges)


def _pinned(apps: set[int | None], app: int | None, *, bot_merges: bool) -> Iterator[Check]:
    """Where the bot merges, success is given for a moment: whoever else can set it can merge."""
    if not bot_merges:
        return
    if app is None:
        what = f"an environment says `merge: bot`, but we are no GitHub App: anybody who may write can set {GATE_STATUS}"
        yield Check(PROBLEM, FORGE, what, "set BOT_GITHUB_APP_ID and BOT_GITHUB_APP_KEY_FILE, or `merge: person`")
    elif apps == {app}:
        yield Check(OK, FORGE, f"{GATE_STATUS} must come from our App")
    else:
        whose = ", ".join(map(str, sorted(map(int, filter(None, apps))))) or "anybody"
        yield Check(PROBLEM, FORGE, f"{GATE_STATUS} may come from {whose}, not from our App {app} alone", "choose our App as its source")


def _told(known: bool | None, good: str, bad: str, fix: str) -> Check:  # noqa: FBT001 - what was seen, not a switch
    if known is None:
        hint = "only administrators see branch protection; a ruleset everybody sees"
        return Check(UNKNOWN, FORGE, f"cannot tell whether {good}", f"{hint}: {fix}")
    return Check(OK, FORGE, good) if known else Check(PROBLEM, FORGE, bad, f"{fix} in the ruleset of main")


def merging_checks(seen: Merging) -> Iterator[Check]:
    """Auto-merge would merge without evidence; the bot merges by merge commits."""
    where = "in the repository's settings, under Pull Requests"
    if seen.auto_merge is None or seen.merge_commit is None:
        yield Check(UNKNOWN, FORGE, "cannot tell how pull requests are merged", f"look {where}: auto-merge off, merge commits on")
        return
    auto = Check(PROBLEM, FORGE, "auto-merge is on: it merges without evidence", f"turn it off {where}")
    yield auto if seen.auto_merge else Check(OK, FORGE, "auto-merge is off")
    lacking = Check(PROBLEM, FORGE, "merge commits are not allowed, and the bot makes no others", f"allow them {where}")
    yield Check(OK, FORGE, "merge commits are allowed") if seen.merge_commit else lacking


def owners_checks(problems: tuple[str, ...]) -> Iterator[Check]:
    """An owner that the forge does not know approves nothing."""
    for problem in problems:
        yield Check(PROBLEM, FORGE, f"CODEOWNERS: {problem}", "correct the line: a user or team with write access")
    if not problems:
        yield Check(OK, FORGE, "CODEOWNERS has no error")


def webhook_checks(seen: tuple[Webhook, ...], environments: Sequence[Environment]) -> Iterator[Check]:
    """Each Argo CD is told of pushes; without, it looks every two to three minutes."""
    for url in dict.fromkeys(each.argocd.url.rstrip("/") for each in environments):
        found = next((hook for hook in seen if _same(hook.url, f"{url}{WEBHOOK}") and hook.is_active), None)
        if found is None or not {"push", "*"} & set(found.events):
            fix = f"add one to {url}{WEBHOOK} for pushes, with the secret of Argo CD"
            yield Check(WARNING, FORGE, f"no webhook tells Argo CD at {url} of pushes: it looks every two to three minutes", fix)
        elif found.last_code is not None and found.last_code not in GOOD:
            what = f"the webhook to Argo CD at {url} was last answered with HTTP {found.last_code}"
            yield Check(PROBLEM, FORGE, what, "see its recent deliveries: address, secret, and who may reach Argo CD")
        else:
            yield Check(OK, FORGE, f"a webhook tells Argo CD at {url} of pushes")


def _same(one: str, other: str) -> bool:
    """Without query, which may hold a secret, and with hosts in any letter case."""
    ours, theirs = urlsplit(one), urlsplit(other)
    return (ours.scheme, ours.netloc.lower(), ours.path.rstrip("/")) == (theirs.scheme, theirs.netloc.lower(), theirs.path.rstrip("/"))
