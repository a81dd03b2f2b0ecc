"""matrix-nio against the fake: logs in, sends, repeats, reads back, is limited, and is refused."""

import asyncio
import io
import json
import sys

from nio import AsyncClient, AsyncClientConfig, ErrorResponse, RoomSendError


async def main(url: str, user: str, password: str, room: str, alias: str) -> dict:
    config = AsyncClientConfig(store_sync_tokens=False, encryption_enabled=False)
    client = AsyncClient(url, user, config=config)
    said = {}
    login = await client.login(password, device_name="nio")
    said["me"] = [login.user_id, (await client.whoami()).user_id]
    said["room"] = (await client.room_resolve_alias(alias)).room_id

    async def send(content: dict, tx: str):
        return await client.room_send(room, "m.room.message", content, tx_id=tx)

    text = {"msgtype": "m.text", "body": "one", "org.example.mark": "m-1"}
    first, again = await send(text, "t1"), await send({**text, "body": "other"}, "t1")
    said["same"] = first.event_id == again.event_id
    # A rate limit of the test waits here; the library waits as long as it is told.
    relates = {"rel_type": "m.thread", "event_id": first.event_id}
    await send({"msgtype": "m.text", "body": "two", "m.relates_to": relates}, "t2")
    file = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    uploaded, _ = await client.upload(file, content_type="image/png", filename="a.png", filesize=8)
    await send({"msgtype": "m.image", "body": "a.png", "url": uploaded.content_uri}, "t3")
    said["uri"] = uploaded.content_uri.startswith("mxc://")

    page = await client.room_messages(room, limit=2)
    rest = await client.room_messages(room, start=page.end, limit=10)
    events = [*page.chunk, *rest.chunk]
    said["bodies"] = [event.body for event in events]
    last = events[-1].source
    said["marks"] = [last["content"]["org.example.mark"], last["unsigned"]["transaction_id"]]
    said["ended"] = rest.end is None
    state = await client.room_get_state_event(room, "m.room.encryption")
    said["state"] = state.status_code

    long = await send({"msgtype": "m.text", "body": "x" * 70000}, "t4")
    said["long"] = [isinstance(long, RoomSendError), long.status_code]
    said["empty"] = (await send({"msgtype": "m.text"}, "t5")).status_code
    other = await client.room_send("#nowhere", "m.room.message", text, tx_id="t6")
    said["elsewhere"] = other.status_code
    await client.logout()
    client.access_token = login.access_token
    dead = await client.whoami()
    said["dead"] = [isinstance(dead, ErrorResponse), dead.status_code, dead.soft_logout]
    await client.close()
    return said


print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
