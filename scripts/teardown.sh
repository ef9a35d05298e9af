#!/usr/bin/env bash
# Takes an environment off its cluster. Data stays unless --delete-data is given; StorageClasses always stay.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/context.sh
. scripts/context.sh

usage='usage: scripts/teardown.sh ENVIRONMENT --context NAME [--keep-data | --delete-data] [--dry-run]
  ENVIRONMENT     its folder must be off main already, else Argo CD puts everything back
  --context NAME  the context of kubectl; must be the current one, too
  --keep-data     what runs goes, claims, Secrets and the namespace stay (the default)
  --delete-data   the namespace goes with all its claims
  --dry-run       says what would be done and changes nothing'

environment='' context='' answer='' delete_data=false keep_data=false dry_run=false
while [ $# -gt 0 ]; do
  case $1 in
    --context) context=${2:?"--context needs a name"}; shift ;;
    --keep-data) keep_data=true ;;
    --delete-data) delete_data=true ;;
    --dry-run) dry_run=true ;;
    -h | --help) say "$usage"; exit 0 ;;
    -*) wrong_use "there is no option $1" ;;
    *) [ -z "$environment" ] || wrong_use "one environment at a time"; environment=$1 ;;
  esac
  shift
done

ask_for() { # TEXT QUESTION
  ask "$2 Type $1: "
  [ "$answer" = "$1" ] || stop "that was not '$1'; nothing was deleted"
}

check_off_main() {
  git fetch --quiet origin main
  if git cat-file -e "FETCH_HEAD:environments/$environment/environment.yaml" 2>/dev/null; then
    stop "environments/$environment is on main: Argo CD would put back what is deleted" "merge a pull request that removes the folder first"
  fi
}

check_claims_stay() { # a StatefulSet may be set to take its claims with it
  local taking
  taking=$(on_cluster get statefulsets --namespace "$namespace" \
    --output='jsonpath={range .items[*]}{.metadata.name} {.spec.persistentVolumeClaimRetentionPolicy.whenDeleted}{"\n"}{end}' | awk '$2 == "Delete" { print $1 }')
  [ -z "$taking" ] || stop "these StatefulSets take their claims with them: $taking" "set persistentVolumeClaimRetentionPolicy.whenDeleted to Retain"
}

[[ $environment =~ ^[a-z0-9-]+$ ]] || wrong_use "which environment?"
[ -n "$context" ] || wrong_use "which context of kubectl?"
if "$keep_data" && "$delete_data"; then wrong_use "--keep-data or --delete-data, not both"; fi
need kubectl git awk
current=$(kubectl config current-context)
[ "$current" = "$context" ] || stop "the current context is $current, not $context" "kubectl config use-context $context, if you mean it"
check_context
namespace=context-$environment
on_cluster get namespace "$namespace" --output=name >/dev/null || stop "the cluster of context $context has no namespace $namespace"
"$dry_run" || check_off_main

say "$namespace in the context $context:"
on_cluster get deployments,statefulsets,cronjobs,persistentvolumeclaims --namespace "$namespace"
if "$delete_data"; then
  "$dry_run" || ask_for "$environment" "This deletes the environment."
  "$dry_run" || ask_for "delete the data of $environment" "All its claims go, too."
  change --namespace argocd delete application "context-$environment" --ignore-not-found
  change delete namespace "$namespace"
  say "Volumes of a class that retains them are still in the cloud: kubectl get persistentvolumes"
else
  check_claims_stay
  "$dry_run" || ask_for "$environment" "This deletes what runs in the environment; its data stays."
  change --namespace argocd delete application "context-$environment" --ignore-not-found
  change --namespace "$namespace" delete --all horizontalpodautoscalers,cronjobs,jobs,deployments,statefulsets,services
  say "Claims, Secrets and the namespace $namespace are still there."
fi
