"""Pods are restricted: no root, no privileges, no node, no token; what Pod Security `restricted` asks for, and a little more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.policies.fields import at, mapping, mappings, text, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Pods, Violation

HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC")
VOLUME_TYPES = frozenset({"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"})
BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def runs_as_non_root(manifests: Manifests) -> Iterator[Violation]:
    """Says itself that it does not run as root."""
    for pods, where, value in _settings(manifests, "runAsNonRoot"):
        if value is not True:
            what = "is not true: an image that runs as root would be started, and Pod Security `restricted` refuses the Pod"
            yield pods.wrong(where, what, hint="set runAsNonRoot: true in the Pod's securityContext")


def runs_as_a_user(manifests: Manifests) -> Iterator[Violation]:
    """Names a user other than root."""
    for pods, where, value in _settings(manifests, "runAsUser"):
        if not isinstance(value, int) or value <= 0:
            what = (
                "is root, whom `restricted` refuses"
                if value == 0
                else "names no user: an image that runs as root or as a name does not start"
            )
            yield pods.wrong(where, what, hint="set runAsUser to the user id that the image is built for, such as 1000")


def has_a_seccomp_profile(manifests: Manifests) -> Iterator[Violation]:
    """Filters system calls."""
    for pods, where, value in _settings(manifests, "seccompProfile"):
        if text(value, "type") not in {"RuntimeDefault", "Localhost"}:
            what = "sets no profile: every system call of the node's kernel is open, and `restricted` refuses the Pod"
            yield pods.wrong(where, what, hint="set seccompProfile: {type: RuntimeDefault} in the Pod's securityContext")


def cannot_gain_privileges(manifests: Manifests) -> Iterator[Violation]:
    """Does not get more rights than it started with."""
    for pods, where, container in manifests.containers():
        if at(container, "securityContext", "allowPrivilegeEscalation") is not False:
            what = "is not false: a setuid program in the image could become root"
            yield pods.wrong(f"{where}.securityContext.allowPrivilegeEscalation", what, hint="set allowPrivilegeEscalation: false")


def is_not_privileged(manifests: Manifests) -> Iterator[Violation]:
    """Is not as mighty as the node."""
    for pods, where, container in manifests.containers():
        if at(container, "securityContext", "privileged"):
            what = "is true: the container can do on its node whatever root can"
            yield pods.wrong(f"{where}.securityContext.privileged", what, hint="remove privileged")


def drops_capabilities(manifests: Manifests) -> Iterator[Violation]:
    """Keeps none of root's single rights."""
    for pods, where, container in manifests.containers():
        capabilities = mapping(container, "securityContext", "capabilities")
        if "ALL" not in words(capabilities, "drop"):
            what = "does not drop ALL: the container keeps rights of root, such as sending raw packets"
            yield pods.wrong(f"{where}.securityContext.capabilities.drop", what, hint="set capabilities: {drop: [ALL]}")
        added = sorted(set(words(capabilities, "add")) - {"NET_BIND_SERVICE"})
        if added:
            what = f"adds {', '.join(added)}, which `restricted` refuses"
            yield pods.wrong(f"{where}.securityContext.capabilities.add", what, hint="remove it; ports above 1024 need no capability")


def has_a_read_only_root(manifests: Manifests) -> Iterator[Violation]:
    """Writes only into volumes."""
    for pods, where, container in manifests.containers():
        if at(container, "securityContext", "readOnlyRootFilesystem") is not True:
            what = "is not true: an intruder can change the program, and the node's disk fills unseen"
            hint = "set readOnlyRootFilesystem: true, and mount an emptyDir with a sizeLimit where the program writes"
            yield pods.wrong(f"{where}.securityContext.readOnlyRootFilesystem", what, hint=hint)


def stays_off_the_host(manifests: Manifests) -> Iterator[Violation]:
    """Shares neither network nor processes nor ports with its node."""
    for pods in manifests.pods:
        for key in HOST_FIELDS:
            if pods.spec.get(key):
                what = "is true: the Pod sees its node from inside, and no NetworkPolicy holds it"
                yield pods.wrong(f"{pods.path}.{key}", what, hint=f"remove {key}")
    for pods, where, container in manifests.containers():
        for port in mappings(container, "ports"):
            if port.get("hostPort"):
                what = "takes a port of the node: a second Pod there does not start, and the Service is passed by"
                yield pods.wrong(f"{where}.ports[{port.get('name')}].hostPort", what, hint="remove hostPort; a Service leads to the Pod")


def mounts_no_host_path(manifests: Manifests) -> Iterator[Violation]:
    """Uses only kinds of volumes that `restricted` allows."""
    for pods in manifests.pods:
        for volume in mappings(pods.spec, "volumes"):
            for kind in sorted(str(key) for key in volume.keys() - VOLUME_TYPES - {"name"}):
                what = f"is a {kind} volume, which `restricted` refuses: it opens the node, or binds the Pod to a provider"
                hint = "use an emptyDir, a PersistentVolumeClaim, a ConfigMap or a Secret"
                yield pods.wrong(f"{pods.path}.volumes[{volume.get('name')}].{kind}", what, hint=hint)


def mounts_no_token(manifests: Manifests) -> Iterator[Violation]:
    """Has no token of the API server unless its account may do something there."""
    bound = _bound_accounts(manifests)
    for pods in manifests.pods:
        if pods.spec.get("automountServiceAccountToken") is not False and text(pods.spec, "serviceAccountName") not in bound:
            what = "is not false: whoever gets into the container may speak to the API server, which this program never does"
            yield pods.wrong(f"{pods.path}.automountServiceAccountToken", what, hint="set automountServiceAccountToken: false")


def hides_service_links(manifests: Manifests) -> Iterator[Violation]:
    """Gets no variables from Services."""
    for pods in manifests.pods:
        if pods.spec.get("enableServiceLinks") is not False:
            what = "is not false: the Services neo4j and qdrant set variables such as QDRANT_PORT=tcp://…, which programs read as settings"
            yield pods.wrong(f"{pods.path}.enableServiceLinks", what, hint="set enableServiceLinks: false")


POD_POLICIES = (
    runs_as_non_root,
    runs_as_a_user,
    has_a_seccomp_profile,
    cannot_gain_privileges,
    is_not_privileged,
    drops_capabilities,
    has_a_read_only_root,
    stays_off_the_host,
    mounts_no_host_path,
    mounts_no_token,
    hides_service_links,
)


def _settings(manifests: Manifests, key: str) -> Iterator[tuple[Pods, str, Any]]:
    """A setting that containers inherit from their Pod, once for each place where it is or should be written."""
    for pods in manifests.pods:
        found: dict[str, Any] = {}
        for where, container in pods.containers():
            own = mapping(container, "securityContext")
            place, value = (where, own[key]) if key in own else (pods.path, at(pods.spec, "securityContext", key))
            found[f"{place}.securityContext.{key}"] = value
        yield from ((pods, place, value) for place, value in found.items())


def _bound_accounts(manifests: Manifests) -> frozenset[str]:
    subjects = (subject for kind in BINDINGS for item in manifests.of(kind) for subject in mappings(item, "subjects"))
    return frozenset(text(subject, "name") for subject in subjects if subject.get("kind") == "ServiceAccount")
