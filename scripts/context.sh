# shellcheck shell=bash
# Sourced by the scripts beside it: what they say, what they need, and which cluster they talk to.

say() { printf '%s\n' "$*"; }

stop() { # MESSAGE [HINT]
  printf 'error: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf 'hint:  %s\n' "$2" >&2
  exit 1
}

wrong_use() { # MESSAGE: exit code 2, like bot
  printf 'error: %s\n\n%s\n' "$1" "${usage:?}" >&2
  exit 2
}

need() { # PROGRAM...
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || stop "$program is not installed" "install it and run this again"
  done
}

on_cluster() { kubectl --context "${context:?}" "$@"; }

change() { # as on_cluster, but a dry run only says it
  if "${dry_run:?}"; then
    say "would run: kubectl --context $context $*"
  else
    on_cluster "$@"
  fi
}

# shellcheck disable=SC2034 # the scripts read $answer
ask() { # QUESTION
  read -rp "$1" answer || stop "no answer; nothing was done"
}

check_context() {
  kubectl config get-contexts --output=name | grep -Fxq -- "$context" ||
    stop "kubectl has no context $context" "kubectl config get-contexts lists them"
  on_cluster get --raw=/readyz >/dev/null || stop "the cluster of context $context does not answer"
}
