"""PRAW, the best known client of Reddit, against a server at argv[1]."""

import sys

import praw
from praw.exceptions import RedditAPIException
from prawcore.exceptions import ResponseException

url, client_id, client_secret, refresh_token = sys.argv[1:]
reddit = praw.Reddit(
    client_id=client_id,
    client_secret=client_secret,
    refresh_token=refresh_token,
    user_agent="test:oncepost-testkit:1 (by u/ann)",
    reddit_url=url,
    oauth_url=url,
    ratelimit_seconds=0,
    check_for_updates=False,
)


def refused(code, call, *arguments, **more):
    try:
        call(*arguments, **more)
    except RedditAPIException as error:
        assert error.items[0].error_type == code, error
        return error
    raise AssertionError(f"{code} was expected")


assert reddit.user.me().name == "ann"
rust = reddit.subreddit("rust")

text = rust.submit("Hello", selftext="world & more")
assert text.title == "Hello" and text.selftext == "world & more" and text.is_self
link = rust.submit("A link", url="https://a.example/", resubmit=False)
assert link.url == "https://a.example/"
refused("ALREADY_SUB", rust.submit, "Again", url="https://a.example/", resubmit=False)
again = rust.submit("Again", url="https://a.example/", resubmit=True)
refused("TOO_LONG", rust.submit, "x" * 301, selftext="")
refused("SUBREDDIT_NOEXIST", reddit.subreddit("nowhere").submit, "Hello", selftext="")

comment = text.reply("first")
reply = comment.reply("second")
assert comment.parent_id == text.fullname and reply.parent_id == comment.fullname
assert reply.link_id == text.fullname

mine = [post.id for post in reddit.user.me().submissions.new(limit=None)]
assert mine == [again.id, link.id, text.id], mine
assert [one.body for one in reddit.redditor("ann").comments.new()] == ["second", "first"]
assert reddit.auth.limits["remaining"] > 0

stranger = praw.Reddit(
    client_id=client_id,
    client_secret=client_secret,
    refresh_token="refresh-",
    user_agent="test:oncepost-testkit:1 (by u/ann)",
    reddit_url=url,
    oauth_url=url,
    check_for_updates=False,
)
try:
    stranger.user.me()
except ResponseException as error:
    assert error.response.status_code == 400, error
else:
    raise AssertionError("a dead refresh token was taken")
print(text.fullname)
