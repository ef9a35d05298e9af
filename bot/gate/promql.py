"""What a PromQL expression says, formatting aside, and which series it rests on."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import promql_parser

from bot.model import UnobservableError

UNREADABLE = "rule-unreadable"
SYNTHETIC = frozenset({"ALERTS", "ALERTS_FOR_STATE"})  # written by Prometheus itself, absent in good times
TELLING = ("job", "namespace")  # who exports it; other labels, such as a 5xx status, may rightly match nothing
SIGNS = (  # pairs: the operators cannot be hashed
    (promql_parser.MatchOp.Equal, "="),
    (promql_parser.MatchOp.NotEqual, "!="),
    (promql_parser.MatchOp.Re, "=~"),
    (promql_parser.MatchOp.NotRe, "!~"),
)
METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LONGEST = 20_000  # characters of an expression
MOST_SHOWN = 300  # characters of an expression in a message
DEEPEST = 100  # parts within one another: the parser's walk takes the fourth power of it, and thousands end the process
UNCOUNTED = re.compile(  # what may hold signs that are none: comments, strings, and then matchers
    r"""#[^\r\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`""", re.DOTALL
)
MATCHERS = re.compile(r"\{[^{}]*\}")
OPERATOR = re.compile(r"[-+*/%^]|[=!<>]=?|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
ZERO = re.compile(r"0(?:ms|[smhdwy])?")  # a duration that Prometheus takes and the parser refuses


def duration(written: str) -> timedelta:
    """A length of time as Prometheus writes it; ValueError when it is none."""
    return timedelta() if ZERO.fullmatch(written) else promql_parser.parse_duration(written)


def parsed(expr: str) -> promql_parser.Expr:
    """The expression's tree; ValueError when it cannot be read, also because it is so long or deep that reading it takes ages."""
    if len(expr) > LONGEST:
        raise ValueError(f"it has more than {LONGEST} characters")
    if _depth(expr) > DEEPEST:
        raise ValueError(f"it has more than {DEEPEST} operators and parentheses within one another")
    return promql_parser.parse(expr)


def canonical(expr: str) -> str:
    """The same for expressions that differ in formatting alone; UnobservableError when it cannot be read."""
    printed: str = _readable(expr).prettify()
    return printed


def metric_selectors(expr: str) -> tuple[str, ...]:
    """The vector selectors of an expression, reduced to metric, job and namespace; those that Prometheus itself writes are left out."""
    found: list[str | None] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(_reduced(node, expr))

    promql_parser.walk(_readable(expr), visit)  # of a range, it visits the selector, too
    return tuple(dict.fromkeys(filter(None, found)))


def _depth(expr: str) -> int:
    """At least how deep the tree will be: each operator may stand below the one before, each bracket below the one around it."""
    signs = MATCHERS.sub(" ", UNCOUNTED.sub(" ", expr))
    open_now = deepest = 0
    for sign in re.findall(r"[()\[\]{}]", signs):
        open_now += 1 if sign in "([{" else -1
        deepest = max(deepest, open_now)
    return deepest + len(OPERATOR.findall(signs))


def _readable(expr: str) -> promql_parser.Expr:
    try:
        return parsed(expr)
    except ValueError as error:
        reason = " ".join(str(error).split())
        shown = repr(expr if len(expr) <= MOST_SHOWN else f"{expr[:MOST_SHOWN]}…")
        raise UnobservableError(UNREADABLE, f"{shown} is not PromQL that can be read: {reason}", "correct the rule's expr") from error


def _reduced(selector: promql_parser.VectorSelector, expr: str) -> str | None:
    matchers = selector.matchers.matchers
    if selector.matchers.or_matchers:
        raise UnobservableError(UNREADABLE, f"{expr!r} joins matchers by `or`, which Prometheus does not know", "write two selectors")
    equal = [matcher for matcher in matchers if matcher.op == promql_parser.MatchOp.Equal]
    name = selector.name or next((matcher.value for matcher in equal if matcher.name == "__name__"), None)
    if name in SYNTHETIC:
        return None
    kept = [_written(matcher) for matcher in equal if matcher.name in TELLING]
    if name and METRIC_NAME.fullmatch(name):
        return name + (f"{{{', '.join(kept)}}}" if kept else "")
    if name:
        return f"{{{', '.join([f'__name__={_quoted(name)}', *kept])}}}"
    by_name = [_written(matcher) for matcher in matchers if matcher.name == "__name__"]
    everything = [_written(matcher) for matcher in matchers]
    return f"{{{', '.join(by_name + kept or everything)}}}"


def _written(matcher: promql_parser.Matcher) -> str:
    sign = next(sign for operator, sign in SIGNS if operator == matcher.op)
    return f"{matcher.name}{sign}{_quoted(matcher.value)}"


def _quoted(value: str) -> str:
    """A PromQL string (the parser's own printing does not escape); JSON's escapes are among Go's."""
    return json.dumps(value, ensure_ascii=False)
