#!/usr/bin/env bash
# Sets up a cluster: its plain manifests and, in the cluster where Argo CD runs, Argo CD, projects and ApplicationSets.
# May be run again at any time.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/context.sh
. scripts/context.sh

usage='usage: scripts/deploy.sh CLUSTER [--context NAME] [--yes] [--dry-run]
  CLUSTER         a folder of clusters/
  --context NAME  the context of kubectl; without it you are asked
  --yes           asks nothing; needs --context, and a cluster that was set up before
  --dry-run       says what would be done and changes nothing
The first deployment names the cluster, later ones refuse another name. Each wait ends after WAIT_SECONDS (600).'
argocd_server=https://kubernetes.default.svc # how Argo CD calls the cluster that it runs in
wait_seconds=${WAIT_SECONDS:-600}
context='' answer='' yes=false dry_run=false

choose_context() {
  if [ -z "$context" ]; then
    if "$yes"; then wrong_use "--yes needs --context"; fi
    say "Contexts of kubectl:"
    kubectl config get-contexts --output=name | sed 's/^/  /'
    ask "Which one is the cluster $cluster? "
    context=$answer
  fi
  check_context "$context"
}

check_name() { # the folder must be that of the cluster behind the context
  local other server_of_other
  address=$(on_cluster config view --minify --output='jsonpath={.clusters[0].cluster.server}')
  for other in clusters/*/cluster.yaml; do
    other=$(basename "$(dirname "$other")")
    server_of_other=$(server_of "$other")
    [ "$other" = "$cluster" ] || [ "$server_of_other" != "$address" ] ||
      stop "the context $context is the cluster $other ($address), not $cluster" "name the context of $cluster"
  done
  marked=$(name_of_cluster)
  [ -z "$marked" ] || [ "$marked" = "$cluster" ] || stop "the cluster of context $context is $marked, not $cluster" "name the context of $cluster"
}

check_argocd() { # either it is there, or there is what installs it
  local found missing="the cluster has no Argo CD, and this checkout has no argocd/install"
  local wanted="take a checkout that has argocd/install, or install Argo CD in the namespace argocd; then run this again"
  [ "$server" = "$argocd_server" ] && [ ! -f argocd/install/kustomization.yaml ] || return 0
  found=$(on_cluster get crd applications.argoproj.io --ignore-not-found --output=name)
  [ -z "$found" ] || return 0
  "$dry_run" || stop "$missing" "$wanted"
  say "missing: $missing ($wanted); with it:"
}

confirm() { # a first deployment by the name of the cluster: it would make one of any
  local expected=yes
  if [ -z "$marked" ]; then
    say "The cluster at $address has no name: this is its first deployment, and makes it $cluster ($server for Argo CD)."
    expected=$cluster
    if "$yes" && ! "$dry_run"; then stop "a first deployment asks" "leave out --yes"; fi
  fi
  if ! "$yes" && ! "$dry_run"; then
    ask "Set up $cluster in the context $context? Type $expected: "
    [ "$answer" = "$expected" ] || stop "nothing was done"
  fi
}

change() { # as on_cluster, but a dry run only says it
  if "$dry_run"; then say "would run: kubectl --context $context $*"; else on_cluster "$@"; fi
}

wait_for() { # WHAT kubectl-arguments...
  local what=$1
  shift
  if "$dry_run"; then
    say "would wait for $what"
    return
  fi
  say "waiting for $what, at most $wait_seconds s"
  on_cluster "$@" "--timeout=${wait_seconds}s" >/dev/null || stop "$what did not come" "look for the reason, then run this again"
}

install_argocd() {
  if [ -f argocd/install/kustomization.yaml ]; then
    say "Argo CD, as pinned in argocd/install"
    change apply --server-side -k argocd/install
  fi
  wait_for "Argo CD's CRDs" wait --for=condition=Established crd/applications.argoproj.io crd/appprojects.argoproj.io crd/applicationsets.argoproj.io
  wait_for "Argo CD's server" --namespace argocd rollout status deployment/argocd-server
  wait_for "Argo CD's ApplicationSet controller" --namespace argocd rollout status deployment/argocd-applicationset-controller
  say "Projects and ApplicationSets"
  change apply --server-side -k argocd/projects
  change apply --server-side -k argocd/applicationsets
  # Not ResourcesUpToDate: it needs every cluster, and this one is set up before Argo CD knows the others.
  wait_for "the ApplicationSets" --namespace argocd wait --for=condition=ParametersGenerated applicationset --all
}

wait_for_add_ons() { # --for=create waits for one object; of two that are missing it says so at once. rollout waits for none
  wait_for "cert-manager's CRDs, which its add-on brings" wait --for=create crd/certificates.cert-manager.io
  wait_for "cert-manager's CRDs" wait --for=create crd/clusterissuers.cert-manager.io
  wait_for "cert-manager's webhook" --namespace cert-manager wait --for=create deployment/cert-manager-webhook
  wait_for "cert-manager" --namespace cert-manager rollout status deployment/cert-manager-webhook
  wait_for "the namespace istio-ingress, which its add-on brings" wait --for=create namespace/istio-ingress
}

take "$@"
cluster=$subject
[[ $cluster =~ ^[a-z0-9-]+$ ]] || wrong_use "which cluster?"
[ -f "clusters/$cluster/kustomization.yaml" ] || wrong_use "clusters/ has no $cluster"
need kubectl
choose_context
server=$(server_of "$cluster")
check_name
check_argocd
confirm

[ -n "$marked" ] || change create configmap context-foundation --namespace kube-system "--from-literal=cluster=$cluster"
say "Storage classes and admission policy of $cluster"
change apply --server-side -k "clusters/$cluster/storage-classes"
change apply --server-side -k "clusters/$cluster/policies"
if [ "$server" = "$argocd_server" ]; then
  install_argocd
else
  say "Argo CD runs in another cluster; it must know this one as $server (argocd cluster add $context --name $cluster)"
fi
wait_for_add_ons
say "Certificates of $cluster"
change apply --server-side -k "clusters/$cluster"
if "$dry_run"; then say "dry run: nothing was changed"; else say "done: $cluster is set up; scripts/validate.sh ENVIRONMENT checks an environment"; fi
