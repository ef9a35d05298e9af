#!/usr/bin/env bash
# Checks an environment after a deployment. All checks run; the exit code is 1 if one failed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/context.sh
. scripts/context.sh

usage='usage: scripts/validate.sh ENVIRONMENT --context NAME [--cluster-only]
  ENVIRONMENT     a folder of environments/
  --context NAME  the context of kubectl of the cluster that it runs on
  --cluster-only  leaves out what bot asks Argo CD, Prometheus and the forge'
backup_hours=30 # as the alert BackupStale

context='' cluster_only=false

passed=0 failures=()
check() { # WHAT FUNCTION: the function prints what is wrong, nothing if all is well
  local wrong
  if wrong=$("$2" 2>&1) && [ -z "$wrong" ]; then
    say "ok      $1"
    passed=$((passed + 1))
  else
    say "FAILED  $1"
    printf '%s\n' "${wrong:-it could not be found out}" | sed 's/^/          /'
    failures+=("$1")
  fi
}

rows() { # kubectl-arguments...: one line for each object, or an error if there is none
  local found
  found=$(on_cluster get "$@") || return 1
  [ -n "$found" ] || { say "there are none"; return 1; }
  printf '%s\n' "$found"
}

check_nodes() {
  local found
  found=$(rows nodes --output='jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}') || { say "$found"; return 1; }
  awk '$2 != "True" { print "node " $1 " is not ready" }' <<<"$found"
}

check_mesh() {
  local found
  found=$(rows daemonset/istio-cni-node --namespace istio-system --output='jsonpath={.status.desiredNumberScheduled} {.status.numberReady}') || { say "$found"; return 1; }
  awk '!($1 > 0 && $1 == $2) { print "istio-cni-node is ready on " $2 + 0 " of " $1 + 0 " nodes: without it no sidecar starts" }' <<<"$found"
}

check_workloads() {
  local found
  found=$(rows deployments,statefulsets --namespace "$namespace" \
    --output='jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.generation} {.status.observedGeneration} {.spec.replicas} {.status.readyReplicas}{"\n"}{end}') || { say "$found"; return 1; }
  awk '$2 != $3 { print $1 " was changed, and its controller has not seen it" } $4 != $5 + 0 { print $1 " has " $5 + 0 " of " $4 " ready" }' <<<"$found"
}

check_volumes() {
  local found
  found=$(rows persistentvolumeclaims --namespace "$namespace" --output='jsonpath={range .items[*]}{.metadata.name} {.status.phase}{"\n"}{end}') || { say "$found"; return 1; }
  awk '$2 != "Bound" { print "claim " $1 " is " $2 }' <<<"$found"
}

check_certificate() {
  local found
  found=$(rows "certificates.cert-manager.io/context-$environment-tls" --namespace istio-ingress --output='jsonpath={.status.conditions[?(@.type=="Ready")].status}') || { say "$found"; return 1; }
  [ "$found" = True ] || say "context-$environment-tls is not ready"
}

check_backups() { # told by the label of their Pods; commas, as a field that is not there is empty
  local found oldest name
  found=$(rows cronjobs --namespace "$namespace" --output='jsonpath={range .items[*]}{.metadata.name},{.spec.jobTemplate.spec.template.metadata.labels.app\.kubernetes\.io/component},{.spec.suspend},{.status.lastSuccessfulTime}{"\n"}{end}') || { say "$found"; return 1; }
  oldest=$(($(date +%s) - backup_hours * 3600))
  oldest=$(date -u -d "@$oldest" +%FT%TZ 2>/dev/null || date -u -r "$oldest" +%FT%TZ) || return 1 # GNU, BSD
  awk -F, -v oldest="$oldest" '
    $2 == "restore" { next } # people start it
    $2 != "backup" { print $1 " is neither a backup nor a restore by its label"; next }
    $3 == "true" { print $1 " is suspended" }
    $4 < oldest { print $1 " succeeded last: " ($4 ? $4 : "never") }' <<<"$found"
  for name in $backed_up; do
    grep -q "^$name-backup,backup," <<<"$found" || say "$name-backup is not there"
  done
}

ask_bot() { # ARGUMENTS...: its words only if it says no
  local bot=.venv/bin/bot said
  [ -x "$bot" ] || bot=bot
  said=$("$bot" "$@" 2>&1) || { say "$said"; return 1; }
}
check_status() { ask_bot status; }
check_verdict() { ask_bot verify "$environment" --dry-run; }

take "$@"
environment=$subject
[ -n "$environment" ] || wrong_use "which environment?"
[ -f "environments/$environment/environment.yaml" ] || wrong_use "environments/ has no $environment"
[ -n "$context" ] || wrong_use "which context of kubectl?"
need kubectl awk
check_context "$context"
namespace=$(namespace_of "$environment" "$(<"environments/$environment/environment.yaml")")
backed_up='' # the databases whose backups the environment has
for database in qdrant neo4j; do
  if grep -Eqs '^ *- .*/features/backup' "environments/$environment/$database/kustomization.yaml"; then backed_up="$backed_up $database"; fi
done

check "nodes are ready" check_nodes
check "Istio's CNI plugin is on every node" check_mesh
check "Deployments and StatefulSets are ready" check_workloads
check "claims are bound" check_volumes
check "the certificate is there" check_certificate
if [ -n "$backed_up" ]; then
  check "backups are younger than $backup_hours h" check_backups
fi
if ! "$cluster_only"; then
  check "bot status" check_status
  check "bot verify" check_verdict
fi

say "$environment: $passed passed, ${#failures[@]} failed"
[ "${#failures[@]}" = 0 ]
