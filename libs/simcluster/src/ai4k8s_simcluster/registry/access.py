"""Who may do what: roles and their bindings, and the reviews that are asked and never kept."""

from ai4k8s_simcluster.registry.model import Family, ResourceType, Verb

_RBAC = Family("rbac.authorization.k8s.io", "v1", "io.k8s.api.rbac.v1")
_AUTHENTICATION = Family("authentication.k8s.io", "v1", "io.k8s.api.authentication.v1")
_AUTHORIZATION = Family("authorization.k8s.io", "v1", "io.k8s.api.authorization.v1")
_ASK = (Verb.CREATE,)

CLUSTER_ROLE_BINDINGS = _RBAC.resource("clusterrolebindings", "ClusterRoleBinding", namespaced=False)
CLUSTER_ROLES = _RBAC.resource("clusterroles", "ClusterRole", namespaced=False)
ROLE_BINDINGS = _RBAC.resource("rolebindings", "RoleBinding")
ROLES = _RBAC.resource("roles", "Role")

SELF_SUBJECT_REVIEWS = _AUTHENTICATION.resource(
    "selfsubjectreviews", "SelfSubjectReview", namespaced=False, verbs=_ASK, stored=False
)
TOKEN_REVIEWS = _AUTHENTICATION.resource("tokenreviews", "TokenReview", namespaced=False, verbs=_ASK, stored=False)
LOCAL_ACCESS_REVIEWS = _AUTHORIZATION.resource(
    "localsubjectaccessreviews", "LocalSubjectAccessReview", verbs=_ASK, stored=False
)
ACCESS_REVIEWS = _AUTHORIZATION.resource(
    "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False, verbs=_ASK, stored=False
)
RULES_REVIEWS = _AUTHORIZATION.resource(
    "selfsubjectrulesreviews", "SelfSubjectRulesReview", namespaced=False, verbs=_ASK, stored=False
)
SUBJECT_ACCESS_REVIEWS = _AUTHORIZATION.resource(
    "subjectaccessreviews", "SubjectAccessReview", namespaced=False, verbs=_ASK, stored=False
)

RBAC_TYPES: tuple[ResourceType, ...] = (CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES)
AUTHENTICATION_TYPES: tuple[ResourceType, ...] = (SELF_SUBJECT_REVIEWS, TOKEN_REVIEWS)
AUTHORIZATION_TYPES: tuple[ResourceType, ...] = (
    LOCAL_ACCESS_REVIEWS,
    ACCESS_REVIEWS,
    RULES_REVIEWS,
    SUBJECT_ACCESS_REVIEWS,
)
