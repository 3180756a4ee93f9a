"""Judges Kubernetes objects: a kustomization, which is built first, or a file of objects that stands for a whole build.

Schemas see one object at a time, and not its numbers: a minimum above the maximum passes them, and so does a name that
nothing bears. What an API server, admission and the pods themselves would make of the objects is asked here.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

KUBECTL = Path(__file__).resolve().parents[2] / "target/tools/kubectl/kubectl"
# Some releases back, and the newest that has schemas.
VERSIONS = ("1.34", "1.37")
DRAIN = 30  # seconds that an emitted service takes to end: its requests, then its queue

Object = dict[str, Any]


def built(path: Path) -> list[Object]:
    if path.name != "kustomization.yaml":
        text = path.read_text()
    else:
        done = subprocess.run([KUBECTL, "kustomize", path.parent], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        text = done.stdout
    return [each for each in yaml.safe_load_all(text) if each]


def title(each: Object) -> str:
    return f"{each['kind']} {each['metadata']['name']}"


def of(objects: list[Object], *kinds: str) -> list[Object]:
    return [each for each in objects if each["kind"] in kinds]


def named(objects: list[Object], kind: str) -> set[str]:
    return {each["metadata"]["name"] for each in of(objects, kind)}


def templates(objects: list[Object]) -> Iterator[tuple[Object, Object]]:
    """Each object that makes pods, with the pod it makes."""
    for each in of(objects, "Deployment", "Job"):
        yield each, each["spec"]["template"]


def containers(pod: Object) -> list[Object]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def selects(selector: Object, pod: Object) -> bool:
    return selector.items() <= pod["metadata"]["labels"].items()


def schemas(objects: list[Object]) -> Iterator[str]:
    for each in objects:
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(each, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{title(each)}: {'.'.join(map(str, error.path))}: {error.message} ({version})"


def autoscalers(objects: list[Object]) -> Iterator[str]:
    for each in of(objects, "HorizontalPodAutoscaler"):
        spec = each["spec"]
        target = spec["scaleTargetRef"]["name"]
        if spec.get("minReplicas", 1) > spec["maxReplicas"]:
            yield f"{title(each)}: minReplicas {spec['minReplicas']} is more than maxReplicas {spec['maxReplicas']}"
        if target not in named(objects, "Deployment"):
            yield f"{title(each)}: there is no Deployment {target} to scale"
        for deployment in of(objects, "Deployment"):
            if deployment["metadata"]["name"] == target and "replicas" in deployment["spec"]:
                yield f"{title(deployment)}: replicas would undo what the autoscaler set"


def selectors(objects: list[Object]) -> Iterator[str]:
    """Who is meant is there. An empty selector of a policy means every pod."""
    pods = [pod for _, pod in templates(objects)]
    for each in objects:
        spec = each.get("spec", {})
        match each["kind"]:
            case "Service":
                found = spec["selector"]
            case "Deployment" | "PodDisruptionBudget":
                found = spec["selector"]["matchLabels"]
            case "NetworkPolicy":
                found = spec["podSelector"].get("matchLabels", {})
            case _:
                continue
        if not any(selects(found, pod) for pod in pods):
            yield f"{title(each)}: selects no pod"


def ports(objects: list[Object]) -> Iterator[str]:
    """A Service and the probes name a port that the pod has."""
    for each, pod in templates(objects):
        names = {port.get("name") for container in containers(pod) for port in container.get("ports", [])}
        asked = [
            port["targetPort"]
            for service in of(objects, "Service")
            if selects(service["spec"]["selector"], pod)
            for port in service["spec"]["ports"]
        ]
        for container in containers(pod):
            probes = [container[key] for key in container if key.endswith("Probe")]
            asked += [probe["httpGet"]["port"] for probe in probes]
        for missing in {port for port in asked if isinstance(port, str)} - names:
            yield f"{title(each)}: has no port {missing}"


def routes(objects: list[Object]) -> Iterator[str]:
    """A path leads to a Service, and to a port that it has."""
    known = {(each["metadata"]["name"], port.get("name")) for each in of(objects, "Service") for port in each["spec"]["ports"]}
    for each in of(objects, "Ingress"):
        for path in (path for rule in each["spec"]["rules"] for path in rule["http"]["paths"]):
            service = path["backend"]["service"]
            if (service["name"], service["port"]["name"]) not in known:
                yield f"{title(each)}: {path['path']} leads to no Service {service['name']} with a port {service['port']['name']}"


def references(objects: list[Object]) -> Iterator[str]:
    for each, pod in templates(objects):
        account = pod["spec"].get("serviceAccountName", "default")
        if account not in named(objects, "ServiceAccount"):
            yield f"{title(each)}: there is no ServiceAccount {account}"
        for container in containers(pod):
            sources = container.get("envFrom", [])
            for name in {source["configMapRef"]["name"] for source in sources if "configMapRef" in source}:
                if name not in named(objects, "ConfigMap"):
                    yield f"{title(each)}: there is no ConfigMap {name}"
            if not any("secretRef" in source for source in sources):
                yield f"{title(each)}: has no secret to start with"


def secrets(objects: list[Object]) -> Iterator[str]:
    for each in of(objects, "Secret"):
        yield f"{title(each)}: a secret is kept in the cluster, not in the repository"


def restricted(objects: list[Object]) -> Iterator[str]:
    """The fields of https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a closed root."""
    for namespace in of(objects, "Namespace"):
        if namespace["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"{title(namespace)}: does not enforce the restricted standard"
    for each, pod in templates(objects):
        outer = pod["spec"].get("securityContext", {})
        if pod["spec"].get("automountServiceAccountToken") is not False:
            yield f"{title(each)}: gets a token for the cluster's API"
        for container in containers(pod):
            inner = container.get("securityContext", {})
            both = outer | inner
            facts = {
                "runAsNonRoot is not true": both.get("runAsNonRoot") is True,
                "runs as root": both.get("runAsUser") != 0,
                "seccompProfile is not RuntimeDefault": both.get("seccompProfile", {}).get("type") == "RuntimeDefault",
                "may escalate privileges": inner.get("allowPrivilegeEscalation") is False,
                "keeps capabilities": inner.get("capabilities") == {"drop": ["ALL"]},
                "may write to its root": inner.get("readOnlyRootFilesystem") is True,
            }
            yield from (f"{title(each)}: {fault}" for fault, fine in facts.items() if not fine)


def resources(objects: list[Object]) -> Iterator[str]:
    for each, pod in templates(objects):
        for container in containers(pod):
            found = container.get("resources", {})
            if not {"cpu", "memory"} <= found.get("requests", {}).keys() or "memory" not in found.get("limits", {}):
                yield f"{title(each)}: asks for no CPU, no memory, or has no limit of it"


def lives(objects: list[Object]) -> Iterator[str]:
    """A server is started, watched and ended without an error seen by a caller."""
    for each in of(objects, "Deployment"):
        pod = each["spec"]["template"]
        [container] = pod["spec"]["containers"]
        paths = {key: container.get(f"{key}Probe", {}).get("httpGet", {}).get("path") for key in ("startup", "readiness", "liveness")}
        if paths != {"startup": "/livez", "readiness": "/readyz", "liveness": "/livez"}:
            yield f"{title(each)}: probes {paths}"
        waits = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        grace = pod["spec"].get("terminationGracePeriodSeconds", 30)
        called = any(selects(service["spec"]["selector"], pod) for service in of(objects, "Service"))
        if (called and not waits) or grace <= waits + DRAIN:
            yield f"{title(each)}: {grace} s of grace are too few for {waits} s before and {DRAIN} s of draining"
        if not pod["spec"].get("topologySpreadConstraints"):
            yield f"{title(each)}: all pods may be on one node"
        if not any(selects(budget["spec"]["selector"]["matchLabels"], pod) for budget in of(objects, "PodDisruptionBudget")):
            yield f"{title(each)}: has no PodDisruptionBudget"


def network(objects: list[Object]) -> Iterator[str]:
    closed = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if not any(each["spec"] == closed for each in of(objects, "NetworkPolicy")):
        yield "no NetworkPolicy denies by default"


def images(objects: list[Object]) -> Iterator[str]:
    for each, pod in templates(objects):
        for container in containers(pod):
            if "@sha256:" not in container["image"]:
                yield f"{title(each)}: the image {container['image']} is not pinned by its digest"


RULES: list[Callable[[list[Object]], Iterator[str]]] = [
    schemas, autoscalers, selectors, ports, routes, references, secrets, restricted, resources, lives, network, images,
]


def main(path: Path) -> int:
    objects = built(path)
    # What the schema refuses may lack what the other rules look at.
    faults = list(schemas(objects)) or [fault for rule in RULES[1:] for fault in rule(objects)]
    print("\n".join(faults) or f"{len(objects)} objects")
    return 1 if faults or not objects else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
