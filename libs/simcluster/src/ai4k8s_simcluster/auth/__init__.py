"""Who asks, and whether they may: authentication, impersonation and RBAC, evaluated as a real server does."""
