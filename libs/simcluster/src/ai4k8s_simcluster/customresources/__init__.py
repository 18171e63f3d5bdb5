"""Custom resources: definitions become types at run time, and their schemas prune, default and validate objects.

`definitions` checks a CustomResourceDefinition, `types` makes resource types of it, `schemas` prunes and defaults,
`values` validates by schema, `rules` by CEL, `establishing` keeps status and served types in step, and `shipped`
brings the definitions that the product's users expect.
"""
