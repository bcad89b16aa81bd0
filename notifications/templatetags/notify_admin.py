"""Tags of the admin's pages."""

from django import template

from notifications.admin.words import status_badge

register = template.Library()
register.simple_tag(status_badge)
