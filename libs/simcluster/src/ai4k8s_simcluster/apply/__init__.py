"""Who owns which field: server-side apply and managedFields, as structured-merge-diff defines them.

`fieldsets` is the algebra of sets of fields, `shapes` what a schema says about merging, `typed` the walks over
a value and its shape, `managers` the entries of managedFields, `updater` the rules of ownership, and
`fieldmanager` what the API server does around them.
"""
