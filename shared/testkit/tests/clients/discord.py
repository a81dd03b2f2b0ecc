"""discord.py against the fake: a bot and a webhook send, are limited, and are refused."""

import asyncio
import io
import json
import sys

import aiohttp
import discord


async def main(url: str, token: str, channel_id: str, hook_id: str, hook_token: str) -> dict:
    discord.http.Route.BASE = f"{url}/api/v10"
    said = {}
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(token)
        said["me"] = client.user.name
        channel = await client.fetch_channel(int(channel_id))
        first = await channel.send("one", nonce="n-1")
        again = await channel.send("one", nonce="n-1")
        said["same"] = first.id == again.id
        # A rate limit of the test waits here; the library waits as long as it is told.
        reply = await channel.send("two", reference=first, allowed_mentions=discord.AllowedMentions.none())
        said["reply"] = reply.reference.message_id == first.id
        picture = discord.File(io.BytesIO(b"\x89PNG\r\n\x1a\n"), "a.png", description="a pixel")
        said["file"] = [a.filename for a in (await channel.send(file=picture)).attachments]
        said["history"] = [m.content async for m in channel.history(limit=10, oldest_first=True)]
        said["refused"] = {}
        for name, wanted, send in [
            ("long", discord.HTTPException, channel.send("x" * 2001)),
            ("empty", discord.HTTPException, channel.send(" ")),
            ("silenced", discord.Forbidden, channel.send("silenced")),
            ("channel", discord.NotFound, client.fetch_channel(17)),
        ]:
            try:
                await send
            except wanted as refusal:
                said["refused"][name] = [refusal.status, refusal.code]
    async with aiohttp.ClientSession() as session:
        hook = discord.Webhook.partial(int(hook_id), hook_token, session=session)
        message = await hook.send("by the other door", wait=True)
        said["hook"] = [message.content, (await hook.fetch()).channel_id == int(channel_id)]
        said["unwaited"] = await hook.send("unseen") is None
    return said


print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
