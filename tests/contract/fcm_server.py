"""Google's token endpoint and FCM's v1 API on loopback: takes what their published description allows, nothing else."""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jsonschema import Draft202012Validator

from notifications.testing.providers import RETRY_AFTER, Scenario
from tests.contract.http_server import Answer, HttpServer, Request, answer_json, write

PROJECT = "clinic-north"
EMAIL = f"push@{PROJECT}.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
PAYLOAD_MAX_BYTES, TOPIC_PAYLOAD_MAX_BYTES = 4096, 2048
_SCHEMA = json.loads((Path(__file__).parent / "data" / "fcm_send.json").read_text())
_TOPICS = json.loads((Path(__file__).parent / "data" / "fcm_topic_subscriptions.json").read_text())
_TOPIC = re.compile("[a-zA-Z0-9-_.~%]{1,900}")
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
NOT_A_TOKEN = "The registration token is not a valid FCM registration token"


def refusal(status: int, name: str, code: str = "", message: str = "", *fields: str, **headers: str) -> Answer:
    """An error in FCM's words: `name` of google.rpc, `code` of FCM, and the fields that it blames."""
    details: list[dict[str, Any]] = []
    if code:
        details.append({"@type": _FCM_ERROR, "errorCode": code})
    if fields:
        details.append({"@type": _BAD_REQUEST, "fieldViolations": [{"field": each} for each in fields]})
    error = {"code": status, "message": message or name, "status": name, "details": details}
    return answer_json(status, {"error": error}, **headers)


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class FcmServer(HttpServer):
    """`messages` are those that it took, `tokens` what it gave out, `subscribed` the apps of each topic."""

    refusals = {
        Scenario.TEMPORARY: refusal(503, "UNAVAILABLE", "UNAVAILABLE"),
        Scenario.RATE_LIMIT: refusal(
            429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", Retry_After=str(int(RETRY_AFTER.total_seconds()))
        ),
        Scenario.PERMANENT: refusal(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "Invalid data", "message.data[0].key"),
        Scenario.BAD_ADDRESS: refusal(404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found."),
    }

    def __init__(self, **options: Any) -> None:
        self.messages: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.subscribed: defaultdict[str, set[str]] = defaultdict(set)
        self.gone: set[str] = set()
        """apps that it knows no more"""
        self.token_answer: Answer | None = None
        """answers each request for a token while it is set"""
        self.token_requests = 0
        self.hold_tokens = threading.Event()
        """requests for a token wait until it is set"""
        self.hold_tokens.set()
        self._validator = Draft202012Validator(_SCHEMA)
        self._taking = threading.Lock()
        super().__init__(**options)

    @property
    def account(self) -> dict[str, str]:
        """A service account, as the Firebase console gives it, whose tokens come from here."""
        pem = _key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "1",
            "private_key": pem,
            "client_email": EMAIL,
            "token_uri": f"{self.url}token",
        }

    def serve(self, handler: BaseHTTPRequestHandler, request: Request) -> None:
        """Whatever FCM does, tokens are given out."""
        if request.path == "/token":
            write(handler, self._give_token(request))
        else:
            super().serve(handler, request)

    def take(self, request: Request) -> Answer:
        if request.headers["Authorization"] not in {f"Bearer {each}" for each in self.tokens}:
            return refusal(401, "UNAUTHENTICATED")
        if "/registrations/" in request.path:
            return self._change_topic(request)
        if request.path != f"/v1/projects/{PROJECT}/messages:send":
            return refusal(404, "NOT_FOUND")
        wrong = next(self._validator.iter_errors(request.json), None)
        if wrong is not None:
            return refusal(400, "INVALID_ARGUMENT", "", wrong.message[:200], ".".join(map(str, wrong.absolute_path)))
        message = request.json["message"]
        if message.get("token") in self.gone:
            return refusal(404, "NOT_FOUND", "UNREGISTERED")
        shown = {name: message.get(name, {}) for name in ("notification", "data")}
        most = TOPIC_PAYLOAD_MAX_BYTES if "topic" in message else PAYLOAD_MAX_BYTES
        if len(json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()) > most:
            return refusal(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "Android message is too big")
        if request.json.get("validate_only"):
            return answer_json(200, {"name": f"projects/{PROJECT}/messages/fake_message_id"})
        with self._taking:
            self.messages.append(message)
            return answer_json(200, {"name": f"projects/{PROJECT}/messages/{len(self.messages)}"})

    def _change_topic(self, request: Request) -> Answer:
        """https://firebase.google.com/docs/reference/fcm/fcmtopics/rest/v1/projects.registrations.topicSubscriptions"""
        for name in ("create", "delete"):
            method = _TOPICS[name]
            if values := _matched(method, request):
                break
        else:
            return refusal(404, "NOT_FOUND")
        topic = values.get("topicSubscriptionsId") or values.get("topicName", "")
        token, apps = values["registrationsId"], self.subscribed[topic]
        if values["projectsId"] != PROJECT or token in self.gone:
            return refusal(404, "NOT_FOUND")
        unknown = (json.loads(request.body) if request.body else {}).keys() - _TOPICS["TopicSubscription"]["properties"]
        if not _TOPIC.fullmatch(topic) or unknown:
            return refusal(400, "INVALID_ARGUMENT")
        with self._taking:
            if name == "create":
                if token in apps:
                    return refusal(409, "ALREADY_EXISTS")
                apps.add(token)
                return answer_json(200, {"name": f"{urlsplit(request.path).path}/{topic}", "topicName": topic})
            if token not in apps and values.get("allowMissing") != "true":
                return refusal(404, "NOT_FOUND")
            apps.discard(token)
        return answer_json(200, {})

    def taken(self) -> list[UUID]:
        return [UUID(each["data"]["delivery_id"]) for each in self.messages]

    def _give_token(self, request: Request) -> Answer:
        with self._taking:
            self.token_requests += 1
        self.hold_tokens.wait(10)
        if self.token_answer is not None:
            return self.token_answer
        form = parse_qs(request.body.decode())
        try:
            claims = jwt.decode(
                form["assertion"][0],
                _key().public_key(),
                algorithms=["RS256"],
                audience="https://oauth2.googleapis.com/token",
                options={"require": ["exp", "iat"]},
            )
        except jwt.InvalidTokenError as error:
            return answer_json(400, {"error": "invalid_grant", "error_description": str(error)})
        if (claims["iss"], claims["scope"]) != (EMAIL, SCOPE):
            return answer_json(400, {"error": "invalid_scope"})
        with self._taking:
            self.tokens.append(f"ya29.{len(self.tokens)}")
            return answer_json(200, {"access_token": self.tokens[-1], "expires_in": 3600, "token_type": "Bearer"})


def _matched(method: dict[str, Any], request: Request) -> dict[str, str]:
    """The values of a method's path and query; empty for a request that is not of its published form."""
    parts = urlsplit(request.path)
    path = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", method["flatPath"]), parts.path.removeprefix("/"))
    query = {re.sub("_(.)", lambda each: each[1].upper(), key): value for key, [value] in parse_qs(parts.query).items()}
    known = {name for name, each in method["parameters"].items() if each["location"] == "query"}
    if path is None or request.method != method["httpMethod"] or not query.keys() <= known:
        return {}
    return {**{name: unquote(each) for name, each in path.groupdict().items()}, **query}
