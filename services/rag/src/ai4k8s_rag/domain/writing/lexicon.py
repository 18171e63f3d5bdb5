"""Words: kinds and what people call them, well-known software and what it needs, numbers."""

from __future__ import annotations

from dataclasses import dataclass

# Longer names first where one contains another. Each: kind, pattern.
KINDS: tuple[tuple[str, str], ...] = (
    ("HorizontalPodAutoscaler", r"horizontal[ -]?pod[ -]?autoscalers?|hpas?|(?<!vertical )(?<!vertical pod )autoscalers?|autoscal(?:es?|ed|ing)|auto-scal(?:es?|ed|ing)"),
    ("VerticalPodAutoscaler", r"vertical[ -]?pod[ -]?autoscalers?|vertical autoscalers?|vpas?"),
    ("PodDisruptionBudget", r"(?:pod[ -]?)?disruption[ -]?budgets?|pdbs?"),
    ("PersistentVolumeClaim", r"persistent[ -]?volume[ -]?claims?|pvcs?|volume claims?"),
    ("ClusterRoleBinding", r"cluster[ -]?role[ -]?bindings?"),
    ("RoleBinding", r"role[ -]?bindings?"),
    ("ClusterRole", r"cluster[ -]?roles?"),
    ("NetworkPolicy", r"network[ -]?polic(?:y|ies)|netpols?|default[- ]deny(?: (?:network[ -]?)?polic(?:y|ies))?|(?:deny|denies|block|isolate)s? all (?:\w+ )?traffic(?!.*network[ -]?polic)"),
    ("ResourceQuota", r"(?:resource[ -]?)?quotas?"),
    ("LimitRange", r"limit[ -]?ranges?"),
    ("ServiceAccount", r"service[ -]?accounts?"),
    ("HTTPRoute", r"http[ -]?routes?|gateway(?: api)? routes?"),
    ("GRPCRoute", r"grpc[ -]?routes?"),
    ("ConfigMap", r"config[ -]?maps?|cms?"),
    ("StatefulSet", r"stateful[ -]?sets?|sts"),
    ("DaemonSet", r"daemon[ -]?sets?"),
    ("ReplicaSet", r"replica[ -]?sets?"),
    ("CronJob", r"cron[ -]?jobs?|scheduled jobs?|crons?"),
    ("Deployment", r"deployments?|deploy"),
    ("Namespace", r"namespaces?"),
    ("Ingress", r"ingress(?:es)?"),
    ("Gateway", r"gateway"),
    ("Service", r"services?|svc|expos(?:es?|ed|ing)|load[ -]?balancer(?! service| type)"),
    ("Secret", r"secrets?"),
    ("Role", r"roles?"),
    ("Pod", r"(?<!one )(?<!single )(?<!1 )(?<!another )pod(?! available| unavailable| at a time| labels?\b| selectors?\b| less| more)"),
    ("Job", r"jobs?"),
)  # fmt: skip

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")
# What stands beside a workload and may name it.
COMPANIONS = frozenset(
    {
        "Service",
        "Ingress",
        "HTTPRoute",
        "GRPCRoute",
        "HorizontalPodAutoscaler",
        "VerticalPodAutoscaler",
        "PodDisruptionBudget",
        "NetworkPolicy",
        "RoleBinding",
        "ClusterRoleBinding",
    }
)


@dataclass(frozen=True, slots=True)
class Software:
    """What is known of well-known software."""

    image: str
    port: int
    health: str = ""  # HTTP path; a TCP probe without
    stateful: bool = False
    data: str = ""  # where it keeps its data
    secret: tuple[str, str] | None = None  # variable that must come from a Secret, and its key
    memory: str = "256Mi"
    port_name: str = "http"
    user: int | None = None
    args: tuple[str, ...] = ()  # without which it does not start


SOFTWARE: dict[str, Software] = {
    "nginx": Software("nginx:1.29", 80, "/", memory="128Mi"),
    "httpd": Software("httpd:2.4", 80, "/", memory="128Mi"),
    "apache": Software("httpd:2.4", 80, "/", memory="128Mi"),
    "caddy": Software("caddy:2.10", 80, "/", memory="128Mi"),
    "traefik": Software("traefik:v3.5", 80, memory="128Mi"),
    "envoy": Software("envoyproxy/envoy:v1.35.0", 10000, memory="128Mi"),
    "redis": Software("redis:8.2", 6379, stateful=True, data="/data", port_name="redis"),
    "valkey": Software("valkey/valkey:9.0", 6379, stateful=True, data="/data", port_name="redis"),
    "memcached": Software("memcached:1.6", 11211, memory="128Mi", port_name="memcached"),
    "postgres": Software(
        "postgres:18", 5432, stateful=True, data="/var/lib/postgresql", secret=("POSTGRES_PASSWORD", "password"),
        memory="512Mi", port_name="postgres",
    ),
    "mysql": Software(
        "mysql:8.4", 3306, stateful=True, data="/var/lib/mysql", secret=("MYSQL_ROOT_PASSWORD", "root-password"),
        memory="1Gi", port_name="mysql",
    ),
    "mariadb": Software(
        "mariadb:11.8", 3306, stateful=True, data="/var/lib/mysql", secret=("MARIADB_ROOT_PASSWORD", "root-password"),
        memory="512Mi", port_name="mysql",
    ),
    "mongodb": Software("mongo:8.0", 27017, stateful=True, data="/data/db", memory="1Gi", port_name="mongodb"),
    "rabbitmq": Software("rabbitmq:4.1", 5672, stateful=True, data="/var/lib/rabbitmq", memory="512Mi", port_name="amqp"),
    "kafka": Software("apache/kafka:4.1.0", 9092, stateful=True, data="/var/lib/kafka/data", memory="2Gi", port_name="kafka"),
    "nats": Software("nats:2.12", 4222, memory="128Mi", port_name="nats"),
    "elasticsearch": Software(
        "docker.elastic.co/elasticsearch/elasticsearch:9.1.0", 9200, stateful=True, data="/usr/share/elasticsearch/data",
        memory="2Gi", user=1000,
    ),
    "prometheus": Software("prom/prometheus:v3.6.0", 9090, "/-/ready", stateful=True, data="/prometheus", memory="1Gi"),
    "grafana": Software("grafana/grafana:12.2.0", 3000, "/api/health"),
    "fluentd": Software("fluent/fluentd:v1.18-1", 24224, port_name="forward"),
    "fluent-bit": Software("fluent/fluent-bit:4.1.0", 0, memory="128Mi"),
    "node-exporter": Software("prom/node-exporter:v1.9.1", 9100, "/metrics", memory="64Mi", port_name="metrics"),
    "busybox": Software("busybox:1.37", 0, memory="64Mi"),
    "alpine": Software("alpine:3.22", 0, memory="64Mi"),
    "ubuntu": Software("ubuntu:24.04", 0, memory="128Mi"),
    "python": Software("python:3.13-slim", 0),
    "node": Software("node:24-slim", 3000),
    "curl": Software("curlimages/curl:8.16.0", 0, memory="64Mi"),
    "tomcat": Software("tomcat:11.0", 8080, memory="512Mi"),
    "wordpress": Software("wordpress:6.8", 80, memory="512Mi"),
    "jenkins": Software("jenkins/jenkins:2.516.3-lts", 8080, "/login", stateful=True, data="/var/jenkins_home", memory="1Gi"),
    "keycloak": Software("quay.io/keycloak/keycloak:26.4", 8080, memory="1Gi", args=("start-dev",)),
    "minio": Software("minio/minio:RELEASE.2025-09-07T16-13-09Z", 9000, "/minio/health/ready", stateful=True, data="/data", memory="512Mi",
        args=("server", "/data"),
    ),
    "zookeeper": Software("zookeeper:3.9", 2181, stateful=True, data="/data", memory="512Mi", port_name="client"),
}  # fmt: skip
ALIASES = {
    "postgresql": "postgres",
    "mongo": "mongodb",
    "fluentbit": "fluent-bit",
    "nodejs": "node",
    "elastic": "elasticsearch",
    "memcache": "memcached",
    "rabbit": "rabbitmq",
}

NUMBERS = {
    word: number
    for number, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )
} | {"single": 1, "twenty": 20, "fifty": 50, "hundred": 100}

# Words that are no names although they stand where names stand.
NOT_NAMES = frozenset(
    ["a", "an", "the", "my", "our", "your", "this", "that", "these", "those", "it", "its", "their", "for", "from", "to", "of", "in", "into", "on", "at", "by", "with", "without", "and", "or", "but", "as", "be", "is", "are", "was", "that", "which", "who", "where", "when", "using", "use", "uses", "used", "running", "run", "runs", "named", "called", "name", "create", "creates", "creating", "make", "makes", "making", "generate", "write", "give", "me", "please", "want", "need", "needs", "new", "simple", "basic", "small", "big", "large", "single", "multiple", "some", "any", "all", "each", "every", "no", "not", "only", "also", "then", "plus", "both", "either", "same", "other", "another", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "one", "app", "application", "server", "image", "container", "containers", "replica", "replicas", "pod", "pods", "port", "ports", "memory", "cpu", "cpus", "ram", "limit", "limits", "request", "requests", "requesting", "node", "nodes", "cluster", "kubernetes", "k8s", "yaml", "manifest", "manifests", "object", "objects", "resource", "resources", "default", "stateless", "stateful", "persistent", "storage", "volume", "volumes", "disk", "type", "kind", "cron", "daily", "hourly", "weekly", "monthly", "nightly", "schedule", "scheduled", "headless", "external", "internal", "tls", "https", "http", "tcp", "udp", "exposed", "exposing", "expose", "behind", "mount", "mounts", "mounted", "mounting", "allow", "allows", "allowing", "deny", "denies", "denying", "block", "blocks", "blocking", "traffic", "between", "up", "down", "least", "most", "min", "max", "minimum", "maximum", "about", "around", "per", "if", "so", "set", "sets", "setting", "add", "adds", "update", "change", "can", "could", "should", "would", "will", "shall", "must", "may", "has", "have", "having", "had", "do", "does", "doing", "done", "production", "staging", "environment", "env", "environments", "variable", "variables", "key", "keys", "value", "values", "label", "labels", "list", "lists", "listening", "listen", "listens", "target", "targets", "targeting", "serving", "serve", "serves", "accessible", "available", "reachable", "able", "full", "read", "read-only", "access", "team", "teams", "user", "users", "group", "groups", "public", "private", "secure", "safe", "high", "highly", "availability", "ready", "probe", "probes", "readiness", "liveness", "health", "check", "checks", "hpa", "pdb", "nodeport", "loadbalancer", "load", "balancer", "clusterip", "via", "through", "giving", "granting", "gives", "grants", "assigning", "lets", "letting", "keeping", "backed", "mode", "class", "claim", "there", "here", "where", "restricted", "deployment", "deployments", "service", "services", "ingress", "namespace", "namespaces", "configmap", "configmaps", "secret", "secrets", "job", "jobs", "cronjob", "statefulset", "daemonset", "role", "roles", "account", "accounts", "binding", "bindings", "policy", "policies", "budget", "autoscaler", "quota", "hosts", "host", "path", "paths"]
)  # fmt: skip
