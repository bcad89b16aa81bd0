"""A/B tests of texts in the admin: the list, the plan, what was found, and what staff do about it."""

from notifications.admin.experiments import model_admin

__all__ = ["model_admin"]
