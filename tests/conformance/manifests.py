"""The objects that cases work with, as short as they can be."""

import yaml

# Those in C, where they are: hundreds of manifests are made whenever the cases are imported.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _plain(text: str) -> str:
    """Return a manifest with its merge keys resolved: not every client reads them."""
    return str(yaml.dump(yaml.load(text, _LOADER), Dumper=_DUMPER, sort_keys=False))


def deployment(
    name: str = "$ID", replicas: int = 1, image: str = "nginx:1.27", requests: str = "{cpu: 10m}", extra: str = "{}"
) -> str:
    """A Deployment whose pods carry app=NAME; `extra` is merged into its spec."""
    return _plain(f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: "{name}", labels: {{app: "{name}"}}}}
spec:
  <<: {extra}
  replicas: {replicas}
  selector: {{matchLabels: {{app: "{name}"}}}}
  template:
    metadata: {{labels: {{app: "{name}"}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{{name: c, image: "{image}", resources: {{requests: {requests}}}}}]
""")


def pod(name: str = "$ID", image: str = "nginx:1.27", container: str = "{}", spec: str = "{}", meta: str = "{}") -> str:
    """A pod with one container c; the rest is merged in."""
    return _plain(f"""
apiVersion: v1
kind: Pod
metadata: {{<<: {meta}, name: "{name}"}}
spec:
  <<: {spec}
  terminationGracePeriodSeconds: 1
  containers: [{{<<: {container}, name: c, image: "{image}"}}]
""")


def config_map(name: str = "$ID", data: str = "{a: b}", labels: str = "") -> str:
    """A ConfigMap."""
    marked = f", labels: {labels}" if labels else ""
    return _plain(f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: "{name}"{marked}}}
data: {data}
""")


def service(name: str = "$ID", spec: str = "{}", app: str = "$ID") -> str:
    """A Service over the pods of app."""
    return _plain(f"""
apiVersion: v1
kind: Service
metadata: {{name: "{name}"}}
spec: {{<<: {spec}, selector: {{app: "{app}"}}, ports: [{{port: 80, targetPort: 8080}}]}}
""")


def job(name: str = "$ID", spec: str = "{}", container: str = '{command: ["true"]}', restart: str = "Never") -> str:
    """A Job that ends at once."""
    return _plain(f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: "{name}"}}
spec:
  <<: {spec}
  template:
    spec: {{restartPolicy: {restart}, containers: [{{<<: {container}, name: c, image: "busybox:1.37"}}]}}
""")


def stateful_set(name: str = "$ID", replicas: int = 2, spec: str = "{}") -> str:
    """A StatefulSet."""
    return _plain(f"""
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: "{name}"}}
spec:
  <<: {spec}
  replicas: {replicas}
  serviceName: "{name}"
  selector: {{matchLabels: {{app: "{name}"}}}}
  template:
    metadata: {{labels: {{app: "{name}"}}}}
    spec: {{terminationGracePeriodSeconds: 1, containers: [{{name: c, image: "nginx:1.27"}}]}}
""")


def daemon_set(name: str = "$ID", spec: str = "{}", pod_spec: str = "{}") -> str:
    """A DaemonSet."""
    return _plain(f"""
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: "{name}"}}
spec:
  <<: {spec}
  selector: {{matchLabels: {{app: "{name}"}}}}
  template:
    metadata: {{labels: {{app: "{name}"}}}}
    spec: {{<<: {pod_spec}, terminationGracePeriodSeconds: 1, containers: [{{name: c, image: "nginx:1.27"}}]}}
""")
