"""Drives the fake X with tweepy, the client library that most Python programs use. Prints what it saw as one line of JSON."""

import json
import sys

import requests
import tweepy
from detour import Detour


def refusal(call):
    try:
        call()
    except tweepy.HTTPException as error:
        return {"kind": type(error).__name__, "status": error.response.status_code, "messages": error.api_messages, "text": str(error)}
    return None


def main(base, token):
    client = tweepy.Client(token, return_type=tweepy.Response)
    client.session.mount("https://", Detour(base))
    me = client.get_me(user_auth=False).data
    first = client.create_tweet(text="Tom & Ann https://example.org/x", user_auth=False).data
    reply = client.create_tweet(text="and so on", in_reply_to_tweet_id=first["id"], user_auth=False).data
    fields = ["created_at", "entities", "referenced_tweets"]
    timeline = client.get_users_tweets(me.id, max_results=5, exclude=["retweets"], tweet_fields=fields, user_auth=False)
    for n in range(6):
        client.create_tweet(text=f"filler {n}", user_auth=False)
    pages = tweepy.Paginator(client.get_users_tweets, me.id, max_results=5, user_auth=False)
    result = {
        "me": {"id": str(me.id), "username": me.username},
        "first": first["id"],
        "reply": reply["id"],
        "timeline": [
            {
                "id": str(post.id),
                "text": post.text,
                "created": post.created_at.isoformat(),
                "expanded": [url["expanded_url"] for url in (post.entities or {}).get("urls", [])],
                "answers": [str(other.id) for other in post.referenced_tweets or []],
            }
            for post in timeline.data
        ],
        "paged": [str(post.id) for post in pages.flatten()],
        "again": refusal(lambda: client.create_tweet(text="and so on", user_auth=False)),
        "too_long": refusal(lambda: client.create_tweet(text="x" * 281, user_auth=False)),
        "deleted": client.delete_tweet(reply["id"], user_auth=False).data["deleted"],
    }
    stranger = tweepy.Client("nobody")
    stranger.session.mount("https://", Detour(base))
    result["stranger"] = refusal(lambda: stranger.get_me(user_auth=False))
    requests.post(f"{base}/_control/knobs", json={"posts_per_window": 0}, timeout=10).raise_for_status()
    result["limited"] = refusal(lambda: client.create_tweet(text="one too many", user_auth=False))
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
