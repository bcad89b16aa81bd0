"""A sibling app, as small as one can be: a model, notification types, and their templates."""
