"""What the desk and the editors of texts may do in the admin."""

from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS

from project.accounts.permissions import grant
from project.accounts.roles import DESK, EDITOR

GRANTED: Final = {
    # It is told what patients write in their own words: see INBOX_STAFF in the settings.
    DESK: ("notify.view_inboundmessage",),
    # Texts, and no patient: a preview with a real recipient's data is not among it.
    EDITOR: ("notify.view_template", "notify.change_template", "notify.publish_template"),
}


def grant_permissions(*, using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Add what they lack. Receives `post_migrate`, after those that create the roles and the permissions."""
    grant(GRANTED, using=using)
