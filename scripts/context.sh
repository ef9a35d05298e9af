# shellcheck shell=bash
# Sourced by the scripts beside it: how they are called, what they say, what they need, and which cluster they talk to.

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

take() { # ARGUMENT...: sets $subject, and for each option the variable of its name; the options are those that $usage lists
  local name
  subject=''
  while [ $# -gt 0 ]; do
    name=${1#--}
    name=${name//-/_}
    case $1 in
      -h | --help) say "$usage"; exit 0 ;;
      -*[!a-z-]*) wrong_use "there is no option $1" ;;
      -*)
        if [[ $usage == *$'\n'"  $1 "[A-Z]* ]]; then
          [[ ${2:-} == [!-]* ]] || wrong_use "$1 needs a value"
          printf -v "$name" %s "$2"
          shift
        elif [[ $usage == *$'\n'"  $1 "* ]]; then
          printf -v "$name" true
        else
          wrong_use "there is no option $1"
        fi ;;
      *) [ -z "$subject" ] || wrong_use "$subject or $1? one at a time"; subject=$1 ;;
    esac
    shift
  done
}

need() { # PROGRAM...
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || stop "$program is not installed" "install it and run this again"
  done
}

on_cluster() { kubectl --context "${context:?}" "$@"; }

# shellcheck disable=SC2034 # the scripts read $answer
ask() { # QUESTION
  read -rp "$1" answer || stop "no answer; nothing was done"
}

check_context() { # NAME
  local known
  known=$(kubectl config get-contexts --output=name) # not piped: grep leaves at the first match, and kubectl would die of it
  grep -Fxq -- "$1" <<<"$known" || stop "kubectl has no context $1" "kubectl config get-contexts lists them"
  kubectl --context "$1" get --raw=/readyz >/dev/null || stop "the cluster of context $1 does not answer"
}

# A cluster knows its name from its first deployment on, so that a wrong context is noticed.
name_of_cluster() { on_cluster get configmap context-foundation --namespace kube-system --ignore-not-found --output='jsonpath={.data.cluster}'; }

server_of() { # CLUSTER: its address as Argo CD knows it
  local found
  found=$(sed -nE 's/^server: *["'\'']?([^"'\'' #]+)["'\'']? *( #.*)?$/\1/p' "clusters/$1/cluster.yaml")
  [ -n "$found" ] || stop "clusters/$1/cluster.yaml names no server" "write it there: server: https://kubernetes.default.svc, or its own address"
  printf '%s\n' "$found"
}

namespace_of() { # NAME TEXT...: what an environment's environment.yaml calls its namespace; the text of the file, not its path
  local found
  found=$(sed -nE 's/^namespace: *["'\'']?([a-z0-9-]+)["'\'']? *(#.*)?$/\1/p' <<<"$2")
  [[ $found =~ ^[a-z0-9]([a-z0-9-]*[a-z0-9])?$ ]] || stop "environment.yaml of $1 names no namespace" "write it there: namespace: context-$1"
  printf '%s\n' "$found"
}
