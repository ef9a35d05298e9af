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
  --yes           asks nothing; needs --context
  --dry-run       says what would be done and changes nothing
Each wait ends after WAIT_SECONDS (600).'
argocd_version=v3.5.1 # only for the hint; argocd/install has its own pin
argocd_server=https://kubernetes.default.svc # how Argo CD calls the cluster that it runs in
wait_seconds=${WAIT_SECONDS:-600}

cluster='' context='' answer='' yes=false dry_run=false
while [ $# -gt 0 ]; do
  case $1 in
    --context) context=${2:?"--context needs a name"}; shift ;;
    --yes) yes=true ;;
    --dry-run) dry_run=true ;;
    -h | --help) say "$usage"; exit 0 ;;
    -*) wrong_use "there is no option $1" ;;
    *) [ -z "$cluster" ] || wrong_use "one cluster at a time"; cluster=$1 ;;
  esac
  shift
done

choose_context() {
  if [ -z "$context" ]; then
    if "$yes"; then wrong_use "--yes needs --context"; fi
    say "Contexts of kubectl:"
    kubectl config get-contexts --output=name | sed 's/^/  /'
    ask "Which one is the cluster $cluster? "
    context=$answer
  fi
  check_context
  if ! "$yes" && ! "$dry_run"; then
    ask "Set up $cluster in the context $context? Type yes: "
    [ "$answer" = yes ] || stop "nothing was done"
  fi
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
  if [ -d argocd/install ]; then
    say "Argo CD, as pinned in argocd/install"
    change apply --server-side -k argocd/install
  elif ! on_cluster get crd applications.argoproj.io --ignore-not-found --output=name | grep -q .; then
    stop "the cluster has no Argo CD, and argocd/install is not in this checkout" \
      "kubectl --context $context create namespace argocd && kubectl --context $context apply --server-side --namespace argocd -f https://raw.githubusercontent.com/argoproj/argo-cd/$argocd_version/manifests/install.yaml; then run this again"
  fi
  wait_for "Argo CD's CRDs" wait --for=condition=Established crd/applications.argoproj.io crd/appprojects.argoproj.io crd/applicationsets.argoproj.io
  wait_for "Argo CD's server" --namespace argocd rollout status deployment/argocd-server
  wait_for "Argo CD's ApplicationSet controller" --namespace argocd rollout status deployment/argocd-applicationset-controller
}

[ -n "$cluster" ] || wrong_use "which cluster?"
[ -f "clusters/$cluster/kustomization.yaml" ] || wrong_use "clusters/ has no $cluster"
need kubectl
choose_context

say "Storage classes and admission policy of $cluster"
change apply --server-side -k "clusters/$cluster/storage-classes"
change apply --server-side -k "clusters/$cluster/policies"
server=$(sed -n 's/^server: //p' "clusters/$cluster/cluster.yaml")
if [ "$server" = "$argocd_server" ]; then
  install_argocd
  say "Projects and ApplicationSets"
  change apply --server-side -k argocd/projects
  change apply --server-side -k argocd/applicationsets
  wait_for "the ApplicationSet environments" --namespace argocd wait --for=condition=ResourcesUpToDate applicationset/environments
else
  say "Argo CD runs in another cluster; it must know this one as $server (argocd cluster add $context --name $cluster)"
fi
wait_for "cert-manager's CRDs, which its add-on brings" wait --for=create crd/certificates.cert-manager.io crd/clusterissuers.cert-manager.io
wait_for "cert-manager" --namespace cert-manager rollout status deployment/cert-manager-webhook
wait_for "the namespace istio-ingress, which its add-on brings" wait --for=create namespace/istio-ingress
say "Certificates of $cluster"
change apply --server-side -k "clusters/$cluster"
if "$dry_run"; then say "dry run: nothing was changed"; else say "done: $cluster is set up; scripts/validate.sh ENVIRONMENT checks an environment"; fi
