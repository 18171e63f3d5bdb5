"""All clusters at a glance, and what needs a person."""
