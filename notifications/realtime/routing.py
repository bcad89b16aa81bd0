"""Where the WebSocket is served: `URLRouter(websocket_urlpatterns)`."""

from django.urls import path

from notifications.realtime.consumers import NotificationConsumer

websocket_urlpatterns = [path("ws/notifications/", NotificationConsumer.as_asgi())]
