"""Drives the fake TikTok with makervox-publish, which speaks the Content Posting API itself. Prints what it saw as one line of JSON."""

import json
import os
import sys
import tempfile
import time

import requests
from makervox_publish.config.schema import TikTokConfig, TikTokConfirmConfig, TikTokPublishConfig, TikTokUploadConfig
from makervox_publish.http.client import HttpClient
from makervox_publish.platforms.tiktok.auth import TikTokAuth
from makervox_publish.platforms.tiktok.client import TikTokClient
from makervox_publish.state.token_store import FileTokenStore

MIB = 1 << 20


def refusal(call):
    try:
        call()
    except Exception as error:  # noqa: BLE001: whatever it takes it for is what is asked here
        return {"kind": type(error).__name__, "code": getattr(error, "code", None)}
    return None


def main(base, name, client_key, client_secret):
    os.environ.update(TIKTOK_CLIENT_KEY=client_key, TIKTOK_CLIENT_SECRET=client_secret)
    with tempfile.TemporaryDirectory() as folder:
        config = TikTokConfig(
            api_base=f"{base}/v2",
            upload=TikTokUploadConfig(max_chunk_bytes=6 * MIB),
            publish=TikTokPublishConfig(mode="direct", confirm=TikTokConfirmConfig(attempts=1, delay_s=0)),
        )
        store = FileTokenStore(f"{folder}/tokens.json")
        ended = {"access_token": "ended", "refresh_token": f"refresh-{name}", "expires_at": 0}
        good = {"access_token": f"token-{name}", "refresh_token": "none", "expires_at": time.time() + 3600}
        store.save({"refreshed": ended, "spent": ended, name: good})
        http = HttpClient()
        client = TikTokClient(config, auth=TikTokAuth(config, token_store=store, http=http), http=http)
        video = f"{folder}/video.mp4"
        with open(video, "wb") as file:
            file.write(b"\0\0\0\x18ftypmp42" + bytes(11 * MIB))
        first = client.direct_post(name, video, "one #tag", privacy_level="PUBLIC_TO_EVERYONE")
        # The first use of this one renews its token.
        own = client.direct_post("refreshed", video, "two", privacy_level="SELF_ONLY", disable_duet=True)
        for n in range(3):
            client.direct_post(name, video, f"filler {n}", privacy_level="PUBLIC_TO_EVERYONE")
        result = {
            "creator": client.creator_info(name),
            "first": client.confirm(name, first),
            "own": client.confirm("refreshed", own),
            "status": client.status(name, first)["data"],
            "spent": refusal(lambda: client.creator_info("spent")),
            "offered": refusal(lambda: client.direct_post(name, video, "x", privacy_level="FOLLOWER_OF_CREATOR")),
            "listed": [post["title"] for post in client.all_videos(name)],
        }
        requests.post(f"{base}/_control/knobs", json={"fails_with": "frame_rate_check_failed"}, timeout=10).raise_for_status()
        failed = client.direct_post(name, video, "three", privacy_level="PUBLIC_TO_EVERYONE")
        result["failed"] = client.confirm(name, failed)
        result["limited"] = refusal(lambda: client.direct_post(name, video, "four", privacy_level="PUBLIC_TO_EVERYONE"))
        print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
