"""Addresses of the pages about a person's own account."""

from django.urls import path

from project.accounts import views

app_name = "accounts"
urlpatterns = [
    path("addresses/", views.addresses, name="addresses"),
    path("addresses/add/<slug:channel>/", views.add, name="add"),
    path("addresses/language/", views.set_language, name="language"),
    path("addresses/time-zone/", views.set_time_zone, name="time_zone"),
    path("addresses/<int:pk>/code/", views.send_code, name="code"),
    path("addresses/<int:pk>/verify/", views.verify, name="verify"),
    path("addresses/<int:pk>/name/", views.rename, name="rename"),
    path("addresses/<int:pk>/<slug:action>/", views.act, name="act"),
]
