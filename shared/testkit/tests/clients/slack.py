"""slack_sdk against the fake: posts, finds, uploads, rotates, and meets refusals."""

import json
import sys

from slack_sdk import WebClient, WebhookClient
from slack_sdk.errors import SlackApiError


def main(url: str, token: str, channel: str, hook: str, refresh: str) -> dict:
    said = {}
    web = WebClient(token, base_url=f"{url}/api/")
    who = web.auth_test()
    said["who"] = [who["user"], who.headers["x-oauth-scopes"]]
    mark = {"event_type": "a_mark", "event_payload": {"id": "17"}}
    first = web.chat_postMessage(channel=channel, text="one &amp; only https://x.example/", metadata=mark)
    said["first"] = [first["ok"], first["channel"] == channel]
    reply = web.chat_postMessage(channel=channel, text="two", thread_ts=first["ts"])
    page = web.conversations_history(channel=channel, include_all_metadata=True, oldest=first["ts"], inclusive=True)
    said["history"] = [[m["text"], m["metadata"]["event_payload"]["id"]] for m in page["messages"]]
    thread = web.conversations_replies(channel=channel, ts=first["ts"])
    said["thread"] = [m["ts"] for m in thread["messages"]] == [first["ts"], reply["ts"]]
    up = web.files_upload_v2(channel=channel, content=b"\x89PNG\r\n\x1a\n", filename="a.png", initial_comment="a file")
    said["file"] = web.files_info(file=up["file"]["id"])["file"]["shares"]["public"][channel][0]["ts"]
    said["hook"] = WebhookClient(url + hook).send(text="by the other door").body
    said["hook_refused"] = WebhookClient(url + hook).send(text="").body
    said["refused"] = {}
    for name, call in {
        "text": lambda: web.chat_postMessage(channel=channel, text=" "),
        "channel": lambda: web.chat_postMessage(channel="C404", text="x"),
        "limited": lambda: web.chat_postMessage(channel=channel, text="limited"),
        "rotated": lambda: web.oauth_v2_access(
            client_id="app", client_secret="app-secret", grant_type="refresh_token", refresh_token="xoxe-7-nobody"
        ),
    }.items():
        try:
            call()
        except SlackApiError as refusal:
            said["refused"][name] = [refusal.response.status_code, refusal.response["error"]]
    pair = web.oauth_v2_access(
        client_id="app", client_secret="app-secret", grant_type="refresh_token", refresh_token=refresh
    )
    said["rotated"] = [pair["expires_in"], WebClient(pair["access_token"], base_url=f"{url}/api/").auth_test()["user"]]
    return said


print(json.dumps(main(*sys.argv[1:])))
