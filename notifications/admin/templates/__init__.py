"""Templates in the admin: the list, the editor with its live preview, history, publishing and rolling back."""

from notifications.admin.templates import model_admin

__all__ = ["model_admin"]
