#!/usr/bin/env python3
"""Schedules a post through RabbitMQ and waits until it is out.

    pip install -r requirements.txt
    python publish.py acme mastodon main "Hello from Python"

Exit codes: 0 published, 1 it did not go out (or needs a person), 2 refused, 3 no answer in time.
"""

import argparse
import json
import os
import sys
import time
import uuid
from datetime import datetime, timezone

import pika

SCHEDULE, REJECTED, EVENTS = "oncepost.schedule", "oncepost.schedule.rejected", "oncepost.events"
FINAL = {"target.published", "target.failed", "target.expired", "target.cancelled"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tenant")
    parser.add_argument("channel")
    parser.add_argument("account")
    parser.add_argument("text")
    parser.add_argument("--at", default=datetime.now(timezone.utc).isoformat(), help="RFC 3339; now if not given")
    parser.add_argument("--key", help="idempotency key: what the post *is*, so that a repeat is recognised")
    parser.add_argument("--wait", type=float, default=60, help="seconds to wait for the result")
    parser.add_argument("--url", default=os.environ.get("ONCEPOST_AMQP", "amqp://guest:guest@localhost:5672/%2f"))
    return parser.parse_args()


def send(channel, body, correlation):
    """Sends until the broker confirms. A repeat is harmless: the idempotency key makes it one post."""
    properties = pika.BasicProperties(
        content_type="application/json",
        delivery_mode=pika.DeliveryMode.Persistent,
        correlation_id=correlation,  # comes back with a refusal
    )
    # In confirm mode this returns when the broker has stored the message on disk, and raises if it did not
    # (NackError), or if nothing is bound to the exchange, because oncepost is not set up (UnroutableError).
    channel.basic_publish(SCHEDULE, "", body, properties, mandatory=True)


def main():
    args = arguments()
    # Choosing the post's id ourselves lets us recognise its events. Derived from the key, it is the same on every try.
    key = args.key or f"example/{uuid.uuid4()}"
    post = str(uuid.uuid5(uuid.NAMESPACE_URL, f"oncepost:{args.tenant}/{key}"))
    message = {
        "version": 1,
        "idempotency_key": key,
        "tenant": args.tenant,
        "post": post,
        "content": {"text": args.text},
        "publish_at": args.at,
        "targets": [{"channel": args.channel, "account": args.account}],
    }

    connection = pika.BlockingConnection(pika.URLParameters(args.url))
    channel = connection.channel()
    channel.confirm_delivery()

    # Listen before sending, so that nothing is missed. A service would use a durable queue of its own instead.
    inbox = channel.queue_declare("", exclusive=True).method.queue
    for topic in ("post.accepted", "target.*"):
        channel.queue_bind(inbox, EVENTS, topic)

    send(channel, json.dumps(message).encode(), correlation=post)
    print(json.dumps({"confirmed": key, "post": post}), flush=True)

    outcome = 3
    end = time.monotonic() + args.wait

    def on_event(_, delivery, __, body):
        nonlocal outcome
        event = json.loads(body)
        if event["post"] != post:
            return
        print(json.dumps({"event": event["name"], "out": event.get("out"), "diagnosis": event.get("diagnosis")}), flush=True)
        if event["name"] in FINAL or event["needs_person"]:
            outcome = 0 if event["name"] == "target.published" else 1
            channel.stop_consuming()

    def on_rejected(_, delivery, properties, body):
        nonlocal outcome
        # Others' refusals stay unacknowledged and return to the queue when we close.
        if properties.correlation_id == post:
            print(json.dumps({"refused": json.loads(body)["problems"]}), flush=True)
            channel.basic_ack(delivery.delivery_tag)
            outcome = 2
            channel.stop_consuming()

    channel.basic_consume(inbox, on_event, auto_ack=True)
    channel.basic_consume(REJECTED, on_rejected)
    connection.call_later(max(0, end - time.monotonic()), channel.stop_consuming)
    channel.start_consuming()
    connection.close()
    return outcome


if __name__ == "__main__":
    sys.exit(main())
