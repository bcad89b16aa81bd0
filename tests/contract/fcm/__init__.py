"""The contract of FCM: messages, topics, access tokens.

Every request keeps to Google's published description.
"""

from collections.abc import Callable

from notifications.messages import PushMessage
from notifications.providers.fcm import FcmProvider

TOKEN = "dXy-9_aQ:APA91bHun4MxP5egoKMwt2KZFBaFUH"
INVALID = "INVALID_ARGUMENT"
MakePush = Callable[..., PushMessage]
MakeFcm = Callable[..., FcmProvider]
