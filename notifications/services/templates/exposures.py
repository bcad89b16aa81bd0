"""What recipients of each variant of an A/B test did, counted in the database by one statement."""

from __future__ import annotations

from dataclasses import dataclass, fields

from django.db import connections, router
from django.db.models import Model

from notifications.channels.registry import leaves_app
from notifications.models import Delivery, Event, Experiment, Kind, Notification, Reason, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """Of one variant. Recipients count once, by the first message of the test that they were sent; `sent` does not."""

    recipients: int = 0
    """who were sent a message, or held out where the variant is nothing"""
    sent: int = 0
    """messages that a provider took, or that entered the inbox, whatever became of them then"""
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    acted: int = 0


def count(experiment: Experiment) -> dict[int, Count]:
    """Primary key of the variant → what was counted. Variants that nobody fell to are left out.

    A message counts once a provider has taken it, also when it bounced or failed later: words can make it spam, and
    who never saw it for that would be missing in one arm alone. What never left is left out, of all arms alike.

    "Opened" and "clicked" are of people, as far as machines can be told from them; who clicked has opened. In the inbox
    they are "seen" and "read", where items are marked one by one. "Acted" is an answer to the notification.
    """
    variants = list(experiment.variants.values_list("pk", flat=True))
    if not variants:
        return {}
    connection = connections[router.db_for_read(Delivery)]
    marks = ", ".join(["%s"] * len(variants))
    with connection.cursor() as cursor:
        cursor.execute(_sql(connection.vendor, marks, in_inbox=not leaves_app(experiment.template.channel)), variants)
        rows = cursor.fetchall()
    names = [each.name for each in fields(Count)]
    return {variant: Count(**dict(zip(names, map(int, told), strict=True))) for variant, *told in rows}


def _sql(vendor: str, marks: str, *, in_inbox: bool) -> str:
    machine = {
        "postgresql": "COALESCE(e.data ->> 'machine', '') = 'true'",
        "sqlite": "COALESCE(json_extract(e.data, '$.machine'), 0) = 1",
    }[vendor]
    by_person = f"e.delivery_id = f.delivery AND NOT {machine}"
    if in_inbox:
        opened, clicked, events = "m.seen OR m.was_read", "m.was_read", [Kind.ANSWERED]
    else:
        opened, clicked = "d.opened = 1 OR d.clicked = 1", "d.clicked = 1"
        events = [Kind.OPENED, Kind.CLICKED, Kind.ANSWERED]
    # The first by the time its request opened; an inbox opens none. A notification's later deliveries change nothing.
    return f"""
        WITH message AS MATERIALIZED (
            SELECT d.id AS delivery, d.variant_id AS variant, d.notification_id AS notification, d.status,
                n.seen_at IS NOT NULL AS seen, n.read_at IS NOT NULL AS was_read,
                ROW_NUMBER() OVER (
                    PARTITION BY n.recipient_id ORDER BY COALESCE(d.started_at, d.settled_at), d.id
                ) AS place
            FROM {_table(Delivery)} d JOIN {_table(Notification)} n ON n.id = d.notification_id
            WHERE d.variant_id IN ({marks}) AND (
                d.status IN {_listed(Status.SENT, Status.DELIVERED, Status.BOUNCED)}
                OR d.status = '{Status.FAILED}' AND d.reason = '{Reason.REPORTED}'
                OR d.status = '{Status.SKIPPED}' AND d.reason = '{Reason.HELD_OUT}'
            )
        ), did AS (
            SELECT f.delivery,
                MAX(CASE WHEN e.kind = '{Kind.OPENED}' AND {by_person} THEN 1 ELSE 0 END) AS opened,
                MAX(CASE WHEN e.kind = '{Kind.CLICKED}' AND {by_person} THEN 1 ELSE 0 END) AS clicked,
                MAX(CASE WHEN e.kind = '{Kind.ANSWERED}' THEN 1 ELSE 0 END) AS acted
            FROM message f JOIN {_table(Event)} e ON e.notification_id = f.notification
            WHERE f.place = 1 AND e.kind IN {_listed(*events)}
            GROUP BY f.delivery
        )
        SELECT m.variant,
            SUM(CASE WHEN m.place = 1 THEN 1 ELSE 0 END),
            SUM(CASE WHEN m.status <> '{Status.SKIPPED}' THEN 1 ELSE 0 END),
            SUM(CASE WHEN m.place = 1 AND m.status = '{Status.DELIVERED}' THEN 1 ELSE 0 END),
            SUM(CASE WHEN m.place = 1 AND ({opened}) THEN 1 ELSE 0 END),
            SUM(CASE WHEN m.place = 1 AND ({clicked}) THEN 1 ELSE 0 END),
            COALESCE(SUM(d.acted), 0)
        FROM message m LEFT JOIN did d ON d.delivery = m.delivery
        GROUP BY m.variant
    """  # noqa: S608 - names and words of our own


def _table(model: type[Model]) -> str:
    return model._meta.db_table


def _listed(*words: str) -> str:
    quoted = ", ".join(f"'{each}'" for each in words)
    return f"({quoted})"
