"""`bot rollback --print`: what to do by hand while the forge is down, from the checkout alone."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.command import Answer, Spoken
from bot.wiring import build_checkout, build_renderer
from bot.workflows.rendering import render_at
from bot.workflows.rollback_plan import prepare
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from rich.console import Console

    from bot.workflows.rollback_plan import Prepared, Request


def print_rollback(request: Request) -> Answer:
    """The manifests that the environment would have after a rollback, and the steps that bring them there."""
    checkout, renderer = build_checkout(Path.cwd()), build_renderer()
    main = checkout.head()
    prepared = prepare(checkout, renderer, main, request, verified=lambda _commit: False, who="by hand", when="1970-01-01T00:00:00Z")
    if prepared is None:
        return Answer("already", {"manifests": "", "steps": []}, lambda console: console.print("already rolled back"))
    commit = checkout.make_commit(main, prepared.proposal.changes, prepared.proposal.message)
    environment = read_stack(checkout, main).environment(request.environment)
    manifests = render_at(checkout, renderer, commit=commit, environment=environment).text
    steps = _steps(prepared, request)
    Spoken().say(f"reading {checkout.folder} at {main[:12]}; `git pull` first, if that still works")

    def show(_console: Console) -> None:
        sys.stdout.write(manifests)
        sys.stderr.write("".join(f"{number}. {step}\n" for number, step in enumerate(steps, 1)))

    return Answer("printed", {"manifests": manifests, "steps": steps}, show)


def _steps(prepared: Prepared, request: Request) -> list[str]:
    """Stopping auto-sync comes first, and before it the ApplicationSet, which would turn it on again (stack facts, 6.4)."""
    environment = prepared.environment
    application = environment.argocd.application
    flags = f" --reason {shlex.quote(request.reason)}" + (" --include-stateful" if request.include_stateful else "")
    commands = [f"bot rollback {environment.name} {move.bad.app} --to {move.good.tree}{flags}" for move in prepared.moves]
    return [
        "kubectl --namespace argocd scale deployment argocd-applicationset-controller --replicas 0",
        f"argocd app set {application} --sync-policy none",
        f"kubectl apply --server-side --namespace {environment.namespace} --filename FILE, where FILE holds the manifests above",
        *(f"when the forge is back: {command}" for command in commands),
        "kubectl --namespace argocd scale deployment argocd-applicationset-controller --replicas 1",
    ]
