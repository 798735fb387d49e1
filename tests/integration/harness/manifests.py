"""What deploy/kubernetes and deploy/container ask for, read as they stand: nothing is built and no network needed."""
import yaml

from harness.programs import ROOT

KUBERNETES = ROOT / "deploy" / "kubernetes"
COMPOSE = ROOT / "deploy" / "container" / "compose.yaml"
WORKLOADS = ("Deployment", "Job")


def files():
    return sorted(KUBERNETES.rglob("*.yaml"))


def read(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def objects(kind=None):
    """All objects but those that only kustomize reads."""
    return [item for path in files() if path.name != "kustomization.yaml" for item in read(path)
            if kind is None or item["kind"] == kind]


def kustomizations():
    return [(path.parent, read(path)[0]) for path in files() if path.name == "kustomization.yaml"]


def patches():
    """The operations of all patches, each a dictionary of JSON Patch."""
    return [operation for _, made in kustomizations() for patch in made.get("patches", ())
            for operation in yaml.safe_load(patch["patch"])]


def containers():
    """(pod, container) of each workload."""
    return [(item["spec"]["template"], container) for item in objects() if item["kind"] in WORKLOADS
            for container in item["spec"]["template"]["spec"]["containers"]]


def settings_of(container):
    return {entry["name"]: entry.get("value") for entry in container.get("env", ())}


def compose():
    return yaml.safe_load(COMPOSE.read_text())


def compose_services():
    return compose()["services"]


def strings(value):
    """Every string in what YAML gave, names of members too."""
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) else []
