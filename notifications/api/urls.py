"""Version 1. A project includes it, as `path("api/v1/", include("notifications.api.urls"))`."""

from django.urls import path

from notifications.api import views

app_name = "notifications_api"

urlpatterns = [
    path("notifications/", views.InboxView.as_view(), name="inbox"),
    path("notifications/counts/", views.CountsView.as_view(), name="counts"),
    path("notifications/read/", views.ReadView.as_view(), name="read"),
    path("notifications/seen/", views.SeenView.as_view(), name="seen"),
    path("notifications/read-all/", views.ReadAllView.as_view(), name="read-all"),
    path("notifications/<uuid:pk>/", views.ItemView.as_view(), name="item"),
    path("notifications/<uuid:pk>/read/", views.ItemReadView.as_view(), name="item-read"),
]
