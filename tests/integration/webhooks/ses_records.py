"""Records as Amazon SES publishes them: the examples of its documentation, about a delivery of ours.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
"""

from __future__ import annotations

import copy
import json
from typing import Any

from notifications.models import Delivery

SECRETS = ("recipient@example.com", "192.0.2.1", "Mozilla", "send-email-smtp", "Message sent from")
"""what no row may hold"""

_RECIPIENT = "recipient@example.com"
_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"

_PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "Send": ("send", {}),
    "Delivery": (
        "delivery",
        {
            "timestamp": "2016-10-19T23:21:04.133Z",
            "processingTimeMillis": 11893,
            "recipients": [_RECIPIENT],
            "smtpResponse": "250 2.6.0 Message received",
            "remoteMtaIp": "123.456.789.012",
            "reportingMTA": "mta.example.com",
        },
    ),
    "Bounce": (
        "bounce",
        {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [
                {
                    "emailAddress": _RECIPIENT,
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": f"smtp; 550 5.1.1 <{_RECIPIENT}> user unknown",
                }
            ],
            "timestamp": "2017-08-05T00:41:02.669Z",
            "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
            "reportingMTA": "dsn; mta.example.com",
        },
    ),
    "Complaint": (
        "complaint",
        {
            "complainedRecipients": [{"emailAddress": _RECIPIENT}],
            "timestamp": "2017-08-05T00:41:02.669Z",
            "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
            "userAgent": _AGENT,
            "complaintFeedbackType": "abuse",
            "arrivalDate": "2017-08-05T00:41:02.669Z",
        },
    ),
    "Reject": ("reject", {"reason": "Bad content"}),
    "Open": ("open", {"ipAddress": "192.0.2.1", "timestamp": "2017-08-09T22:00:19.652Z", "userAgent": _AGENT}),
    "Click": (
        "click",
        {
            "ipAddress": "192.0.2.1",
            "link": "http://docs.aws.amazon.com/ses/latest/DeveloperGuide/send-email-smtp.html",
            "linkTags": {"samplekey0": ["samplevalue0"]},
            "timestamp": "2017-08-09T23:51:25.570Z",
            "userAgent": _AGENT,
        },
    ),
    "Rendering Failure": (
        "failure",
        {
            "errorMessage": "Attribute 'attributeName' is not present in the rendering data.",
            "templateName": "MyTemplate",
        },
    ),
    "DeliveryDelay": (
        "deliveryDelay",
        {
            "timestamp": "2020-06-16T00:25:40.095Z",
            "delayType": "TransientCommunicationFailure",
            "expirationTime": "2020-06-16T00:25:40.914Z",
            "delayedRecipients": [
                {
                    "emailAddress": _RECIPIENT,
                    "status": "4.4.1",
                    "diagnosticCode": "smtp; 421 4.4.1 Unable to connect to remote host",
                }
            ],
        },
    ),
    "Subscription": (
        "subscription",
        {
            "contactList": "ContactListName",
            "timestamp": "2022-01-12T01:00:17.910Z",
            "source": "UnsubscribeHeader",
            "newTopicPreferences": {
                "unsubscribeAll": True,
                "topicSubscriptionStatus": [{"topicName": "ExampleTopicName", "subscriptionStatus": "OptOut"}],
            },
            "oldTopicPreferences": {
                "unsubscribeAll": False,
                "topicSubscriptionStatus": [{"topicName": "ExampleTopicName", "subscriptionStatus": "OptOut"}],
            },
        },
    ),
}


def record(name: str, delivery: Delivery | None = None, *, by_header: bool = False, **values: Any) -> dict[str, Any]:
    """A record about a delivery, whose id stands in a message tag, or in the header; values replace what it tells."""
    field, part = _PARTS.get(name, (name, {}))
    headers = [
        {"name": "From", "value": "sender@example.com"},
        {"name": "To", "value": _RECIPIENT},
        {"name": "Subject", "value": "Message sent from Amazon SES"},
    ]
    tags = {"ses:configuration-set": ["ConfigSet"], "ses:source-ip": ["192.0.2.0"], "ses:caller-identity": ["ses_user"]}
    if delivery and by_header:
        headers.append({"name": "X-Metadata", "value": json.dumps({"delivery_id": str(delivery.pk)})})
    elif delivery:
        tags["delivery_id"] = [str(delivery.pk)]
    return {
        "eventType": name,
        "mail": {
            "timestamp": "2016-10-14T05:02:16.645Z",
            "source": "sender@example.com",
            "sourceArn": "arn:aws:ses:us-east-1:123456789012:identity/sender@example.com",
            "sendingAccountId": "123456789012",
            "messageId": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
            "destination": [_RECIPIENT],
            "headersTruncated": False,
            "headers": headers,
            "commonHeaders": {"to": [_RECIPIENT], "subject": "Message sent from Amazon SES"},
            "tags": tags,
        },
        field: {**copy.deepcopy(part), **values},
    }


NAMES = tuple(_PARTS)
