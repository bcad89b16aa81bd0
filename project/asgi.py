"""The ASGI application: HTTP and the WebSocket of the inbox."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.production")
# Under ASGI a request's thread ends with it: a connection kept for the next one would never be used again.
os.environ.setdefault("DATABASE_CONN_MAX_AGE", "0")

http = get_asgi_application()

# Their models can be imported only now.
from notifications.realtime.origin import SameOriginValidator  # noqa: E402
from notifications.realtime.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": SameOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
