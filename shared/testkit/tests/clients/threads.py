"""pythreads against the fake Threads: a thread of two parts, a carousel, a listing, and refusals."""

import asyncio
import json
import os
import sys
from datetime import datetime, timedelta, timezone

# The library wants certificates for its login, which is not tried here, unless it believes to be under test.
os.environ["CI"] = "1"

from pythreads import threads
from pythreads.api import API, Media, MediaType, ReplyControl, ThreadsResponseError
from pythreads.credentials import Credentials

url, token, number = sys.argv[1:]
threads.GRAPH_API_BASE_URL = f"{url}/v1.0/"
credentials = Credentials(
    user_id=number, scopes=["threads_basic", "threads_content_publish"], short_lived=False, access_token=token,
    expiration=datetime.now(timezone.utc) + timedelta(days=30),
)


async def refusal(call):
    try:
        answer = await call
    except ThreadsResponseError as error:
        answer = error.response
    error = answer.get("error", {}) if isinstance(answer, dict) else {}
    return [error.get("code"), error.get("error_subcode")]


async def main():
    async with API(credentials) as api:
        single = await api.create_container("Grüße & co 🎉", reply_control=ReplyControl.MENTIONED_ONLY)
        states = [(await api.container_status(single)).status]
        first = await api.publish_container(single)
        states.append((await api.container_status(single)).status)
        second = await api.publish_container(await api.create_container("two", reply_to_id=first))
        pictures = [Media(MediaType.IMAGE, f"https://cdn.example/{n}.jpg") for n in range(2)]
        children = [await api.create_container(media=picture, is_carousel_item=True) for picture in pictures]
        ready = [await api.container_status(child) for child in children]
        third = await api.publish_container(await api.create_carousel_container(ready, text="three"))
        listed = await api.threads(limit=1)
        account = await api.account()
        limit = await api.publishing_limit()
        refusals = {
            "again": await refusal(api.publish_container(single)),
            "long": await refusal(api.create_container("🎉" * 126)),
            "gone": await refusal(api.create_container("lost", reply_to_id="42")),
        }
    print(json.dumps({
        "first": first, "second": second, "third": third, "states": states, "listed": listed, "account": account,
        "limit": limit, "refusals": refusals,
    }))


asyncio.run(main())
