"""No page is measured yet."""

urlpatterns: list[object] = []
