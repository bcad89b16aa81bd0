"""Version 1. A project includes it, as `path("api/v1/", include("notifications.api.urls"))`."""

from django.urls import include, path

from notifications.api import contact_points, views

app_name = "notifications_api"

urlpatterns = [
    path("notifications/", views.InboxView.as_view(), name="inbox"),
    path("notifications/counts/", views.CountsView.as_view(), name="counts"),
    path("notifications/read/", views.ReadView.as_view(), name="read"),
    path("notifications/seen/", views.SeenView.as_view(), name="seen"),
    path("notifications/read-all/", views.ReadAllView.as_view(), name="read-all"),
    path("notifications/<uuid:pk>/", views.ItemView.as_view(), name="item"),
    path("notifications/<uuid:pk>/read/", views.ItemReadView.as_view(), name="item-read"),
    path("contact-points/", contact_points.ContactPointsView.as_view(), name="contact-points"),
    path("contact-points/<int:pk>/", contact_points.OneContactPointView.as_view(), name="contact-point"),
    path("contact-points/<int:pk>/code/", contact_points.CodeView.as_view(), name="contact-point-code"),
    path("contact-points/<int:pk>/verify/", contact_points.VerifyView.as_view(), name="contact-point-verify"),
    path("devices/", contact_points.DevicesView.as_view(), name="devices"),
    path("push/key/", contact_points.PushKeyView.as_view(), name="push-key"),
    path("staff/templates/", include("notifications.api.staff.urls")),
]
