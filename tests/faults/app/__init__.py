"""A sibling app for the workers of fault tests. Some of its types kill, so the other tests do without it."""
