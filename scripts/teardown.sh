#!/usr/bin/env bash
# Takes an environment off its cluster. Data stays unless --delete-data is given; StorageClasses always stay.
# All that could stop it is found out before it asks, with a rehearsal of each deletion by the servers.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/context.sh
. scripts/context.sh

usage='usage: scripts/teardown.sh ENVIRONMENT --context NAME [--argocd-context NAME] [--keep-data | --delete-data] [--dry-run]
  ENVIRONMENT            its folder must be off main already, else Argo CD puts everything back
  --context NAME         the context of kubectl where it runs; must be the current one, too
  --argocd-context NAME  the context where Argo CD runs, if that is another cluster
  --keep-data            what runs goes, claims, Secrets and the namespace stay (the default)
  --delete-data          the namespace goes with all its claims
  --dry-run              checks everything, says what would go, and deletes nothing'
context='' argocd_context='' answer='' delete_data=false keep_data=false dry_run=false

on_argocd() { kubectl --context "$argocd_context" --namespace argocd "$@"; }

check_off_main() {
  local found
  git fetch --quiet origin main || stop "main of origin could not be read"
  found=$(git ls-tree --name-only FETCH_HEAD -- "$file")
  [ -z "$found" ] || stop "environments/$environment is on main: Argo CD would put back what is deleted" "merge a pull request that removes the folder first"
}

read_namespace() { # as main said last, before the folder was removed
  local removed text=''
  removed=$(git log --max-count=1 --diff-filter=D --format=%H FETCH_HEAD -- "$file")
  [ -z "$removed" ] || text=$(git show "$removed^:$file") || text=''
  [ -n "$text" ] || stop "the history of main has no $file: nobody knows which namespace $environment had" \
    "is the name right? a shallow clone has no history: git fetch --unshallow origin main"
  namespace=$(namespace_of "$environment" "$text")
}

check_argocd() { # its Application may be gone already: an earlier run took it
  local found server target finalizers cluster
  on_argocd get applicationsets.argoproj.io/environments --output=name >/dev/null ||
    stop "the context $argocd_context has no ApplicationSet environments: it is not where Argo CD runs" "name that one with --argocd-context"
  found=$(on_argocd get "applications.argoproj.io/context-$environment" --ignore-not-found \
    --output='jsonpath={.spec.destination.server} {.spec.destination.namespace} {.metadata.finalizers}')
  [ -n "$found" ] || return 0
  read -r server target finalizers <<<"$found"
  cluster=$(name_of_cluster)
  [ -n "$cluster" ] || stop "the cluster of context $context has no name" "scripts/deploy.sh CLUSTER --context $context names it"
  [ "$server $target" = "$(server_of "$cluster") $namespace" ] ||
    stop "the Application context-$environment deploys to $target of $server, not to $namespace of $cluster" "name the context of that cluster"
  "$delete_data" || [[ $finalizers != *resources-finalizer* ]] ||
    stop "the Application context-$environment has a finalizer that deletes the namespace with it" "remove resources-finalizer.argocd.argoproj.io from it"
}

check_claims_stay() { # a StatefulSet may be set to take its claims with it
  local taking
  taking=$(on_cluster get statefulsets --namespace "$namespace" \
    --output='jsonpath={range .items[*]}{.metadata.name} {.spec.persistentVolumeClaimRetentionPolicy.whenDeleted}{"\n"}{end}' | awk '$2 == "Delete" { print $1 }')
  [ -z "$taking" ] || stop "these StatefulSets take their claims with them: $taking" "set persistentVolumeClaimRetentionPolicy.whenDeleted to Retain"
}

ask_for() { # TEXT QUESTION
  ask "$2 Type $1: "
  [ "$answer" = "$1" ] || stop "that was not '$1'; nothing was deleted"
}

take_down() { # more arguments of kubectl
  on_argocd delete "applications.argoproj.io/context-$environment" --ignore-not-found "$@"
  if "$delete_data"; then
    on_cluster delete namespace "$namespace" "$@"
  else
    on_cluster --namespace "$namespace" delete --all horizontalpodautoscalers,cronjobs,jobs,deployments,statefulsets,services "$@"
  fi
}

take "$@"
environment=$subject file=environments/$subject/environment.yaml
[[ $environment =~ ^[a-z0-9-]+$ ]] || wrong_use "which environment?"
[ -n "$context" ] || wrong_use "which context of kubectl?"
if "$keep_data" && "$delete_data"; then wrong_use "--keep-data or --delete-data, not both"; fi
argocd_context=${argocd_context:-$context}
need kubectl git awk
current=$(kubectl config current-context)
[ "$current" = "$context" ] || stop "the current context is $current, not $context" "kubectl config use-context $context, if you mean it"
check_context "$context"
check_context "$argocd_context"
check_off_main
read_namespace
on_cluster get namespace "$namespace" --output=name >/dev/null || stop "the cluster of context $context has no namespace $namespace"
check_argocd
"$delete_data" || check_claims_stay

say "$namespace in the context $context, with Argo CD in $argocd_context:"
on_cluster get deployments,statefulsets,cronjobs,persistentvolumeclaims --namespace "$namespace"
take_down --dry-run=server
if "$dry_run"; then
  say "dry run: nothing was deleted"
elif "$delete_data"; then
  ask_for "$environment" "This deletes the environment."
  ask_for "delete the data of $environment" "All its claims go, too."
  take_down
  say "Volumes of a class that retains them are still in the cloud: kubectl get persistentvolumes"
else
  ask_for "$environment" "This deletes what runs in the environment; its data stays."
  take_down
  say "Claims, Secrets and the namespace $namespace are still there."
fi
