"""`SendBulkEmail` of Amazon SES, which moto lacks: checked against botocore's model, and the mails that it makes."""

from __future__ import annotations

import json
import re
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from functools import cache
from typing import Any

import botocore.session

PATH = "/v2/email/outbound-bulk-emails"
# What the model says in words only, and the guide.
REQUEST_MAX_BYTES = 1_000_000
DESTINATIONS_MAX = 50
HEADER_MAX_LENGTH = 996
TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
REFUSED_HEADERS = set(
    "BCC CC Content-Disposition Content-Type Date From Message-ID MIME-Version Reply-To Return-Path Subject To".lower()
    .split()
)  # fmt: skip
_PLACEHOLDER = re.compile(r"{{(\w+)}}")
_TYPES: dict[str, Any] = {"structure": dict, "list": list, "string": str}


@cache
def _operation() -> Any:
    return botocore.session.get_session().get_service_model("sesv2").operation_model("SendBulkEmail")


def statuses() -> list[str]:
    """What it may say of an entry."""
    entry = _operation().output_shape.members["BulkEmailEntryResults"].member
    return [*entry.members["Status"].enum]


def faults(body: bytes) -> list[str]:
    """What is wrong with a request."""
    request = json.loads(body)
    found = _faults(request, _operation().input_shape, "")
    if found:
        return found
    if len(body) > REQUEST_MAX_BYTES:
        found.append("the request is over 1 MB")
    if not 1 <= len(request["BulkEmailEntries"]) <= DESTINATIONS_MAX:
        found.append("BulkEmailEntries: 1 to 50")
    for entry in request["BulkEmailEntries"]:
        for header in entry.get("ReplacementHeaders", ()):
            if len(header["Name"]) + len(header["Value"]) > HEADER_MAX_LENGTH:
                found.append(f"header {header['Name']}: too long")
            if header["Name"].lower() in REFUSED_HEADERS:
                found.append(f"header {header['Name']}: disallowed")
        tags = [text for tag in entry.get("ReplacementTags", ()) for text in tag.values()]
        found += [f"tag {each!r}" for each in tags if not TAG.fullmatch(each)]
        found += [f"address {each!r}" for each in entry["Destination"]["ToAddresses"] if not each.isascii()]
    return found


def _faults(value: Any, shape: Any, where: str) -> list[str]:
    """What breaks the model: names, types, required members, lengths, patterns and enumerations."""
    if type(value) is not _TYPES[shape.type_name]:
        return [f"{where}: no {shape.type_name}"]
    found: list[str] = []
    limits = shape.metadata
    if shape.type_name != "structure":
        if not limits.get("min", 0) <= len(value) <= limits.get("max", len(value)):
            found.append(f"{where}: length {len(value)}")
        if "pattern" in limits and not re.fullmatch(limits["pattern"], value):
            found.append(f"{where}: pattern")
        if value not in limits.get("enum", [value]):
            found.append(f"{where}: {value!r}")
    if shape.type_name == "list":
        found += [fault for each in value for fault in _faults(each, shape.member, f"{where}[]")]
    elif shape.type_name == "structure":
        found += [f"{where}: unknown {name}" for name in value if name not in shape.members]
        found += [f"{where}: lacks {name}" for name in shape.required_members if name not in value]
        for name, member in shape.members.items():
            if name in value:
                found += _faults(value[name], member, f"{where}.{name}")
    return found


def mails(request: dict[str, Any]) -> list[bytes | None]:
    """The mail of each entry; None where it cannot be rendered, since a placeholder has no value."""
    return [_mail(request, entry) for entry in request["BulkEmailEntries"]]


def _mail(request: dict[str, Any], entry: dict[str, Any]) -> bytes | None:
    template = request["DefaultContent"]["Template"]
    own = entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
    data = {**json.loads(template["TemplateData"]), **json.loads(own)}
    try:
        rendered = {name: _rendered(text, data) for name, text in template["TemplateContent"].items()}
    except KeyError:
        return None
    contents = [
        MIMEText(rendered[name], kind) for name, kind in (("Text", "plain"), ("Html", "html")) if name in rendered
    ]
    mail = MIMEMultipart("alternative", _subparts=contents) if len(contents) > 1 else contents[0]
    mail["From"] = request["FromEmailAddress"]
    mail["To"] = ", ".join(entry["Destination"]["ToAddresses"])
    mail["Subject"] = Header(rendered["Subject"], "utf-8").encode(linesep="")
    if request.get("ReplyToAddresses"):
        mail["Reply-To"] = ", ".join(request["ReplyToAddresses"])
    own = entry.get("ReplacementHeaders", [])
    replaced = {each["Name"].lower() for each in own}
    for header in [*(each for each in template.get("Headers", ()) if each["Name"].lower() not in replaced), *own]:
        mail[header["Name"]] = header["Value"]
    return mail.as_bytes(policy=compat32.clone(max_line_length=None))


def _rendered(text: str, data: dict[str, str]) -> str:
    """Nothing is escaped. A value's own placeholders are replaced too: SES does not say that it leaves them."""
    found = _PLACEHOLDER.sub(lambda match: data[match[1]], text)
    return found if found == text else _rendered(found, data)
