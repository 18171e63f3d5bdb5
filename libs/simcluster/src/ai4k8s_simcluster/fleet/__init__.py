"""A cluster as large as Kubernetes allows, made in seconds: thousands of nodes, many namespaces, many Deployments.

What the objects look like is not written here: a few examples are created through the API's own writer and brought to
life by the controllers on a clock of their own; the fleet is cast from them. So the controllers find nothing to mend.
"""
