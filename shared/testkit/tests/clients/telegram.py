"""python-telegram-bot against the fake: publishes, and meets each kind of refusal."""

import asyncio
import json
import sys

from telegram import Bot, InputMediaPhoto, InputMediaVideo, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 24


async def main(url: str, token: str, chat: str) -> dict:
    said = {}
    async with Bot(token, base_url=f"{url}/bot") as bot:
        said["me"] = bot.username
        said["member"] = (await bot.get_chat_member(chat, bot.id)).status
        first = await bot.send_message(chat, "plain & simple")
        said["first"] = [first.chat.id, first.message_id, first.text]
        reply = await bot.send_message(
            chat,
            "<b>bold</b> &amp; more",
            parse_mode=ParseMode.HTML,
            reply_parameters=ReplyParameters(first.message_id),
        )
        said["reply"] = [reply.text, reply.reply_to_message.message_id]
        photo = await bot.send_photo(chat, PNG, caption="a picture")
        said["photo"] = [photo.caption, photo.photo[0].file_size]
        album = await bot.send_media_group(
            chat, [InputMediaPhoto(PNG), InputMediaVideo("https://cdn.example/a.mp4")], caption="an album"
        )
        said["album"] = [message.message_id for message in album] + [album[0].caption]
        said["refused"] = {}
        for name, chat_id, text, mode in [
            ("long", chat, "x" * 4097, None),
            ("marks", chat, "<b>x", ParseMode.HTML),
            ("chat", "@nobody", "x", None),
        ]:
            try:
                await bot.send_message(chat_id, text, parse_mode=mode)
            except BadRequest as refusal:
                said["refused"][name] = refusal.message
        for name, kind in [("limited", RetryAfter), ("kicked", Forbidden), ("moved", ChatMigrated), ("revoked", InvalidToken)]:
            try:
                # A cue of the test is waiting for each of them.
                await bot.send_message(chat, name)
            except kind as refusal:
                said["refused"][name] = str(getattr(refusal, "new_chat_id", None) or refusal.message)
    return said


print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
