"""Addresses of the demonstration."""

from django.urls import path

from project.demo import views

app_name = "demo"
urlpatterns = [
    path("", views.page, name="page"),
    path("demo/state/", views.state, name="state"),
    path("demo/words.js", views.words, name="words"),
    path("demo/language/", views.set_language, name="language"),
    path("demo/become/<int:pk>/", views.become, name="become"),
    path("demo/appointments/", views.book, name="book"),
    path("demo/appointments/<int:pk>/<slug:action>/", views.change, name="change"),
    path("demo/waiting/<uuid:pk>/send/", views.send_now, name="send-now"),
    path("demo/texts/", views.write, name="write"),
    path("demo/faults/", views.script_fault, name="fault"),
    path("demo/emails/<uuid:pk>/", views.email, name="email"),
    path("demo/emails/<uuid:pk>/<str:name>", views.attached, name="attached"),
]
