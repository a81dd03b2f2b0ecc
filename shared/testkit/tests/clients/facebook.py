"""Meta's own SDK against the fake Facebook: publishes at once and by an unpublished post, uploads, looks, comments, is refused."""

import json
import sys
import tempfile

from facebook_business.adobjects.advideo import AdVideo
from facebook_business.adobjects.page import Page
from facebook_business.adobjects.pagepost import PagePost
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

url, token, person, number = sys.argv[1:]
FacebookSession.GRAPH = url
FacebookAdsApi.init(access_token=token)
page = Page(number)


def refusal(call):
    try:
        call()
    except FacebookRequestError as error:
        return [error.http_status(), error.api_error_code(), error.api_error_subcode()]
    return None


def shown(post):
    return PagePost(post).api_get(fields=["message", "is_published", "permalink_url"]).export_all_data()


first = page.create_feed(params={"message": "Grüße & co", "link": "https://example.org"})["id"]

with tempfile.NamedTemporaryFile(suffix=".png") as file:
    file.write(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0")
    file.flush()
    upload = page.create_photo(params={"published": False, "alt_text_custom": "a pixel"}, pending=True)
    photo = upload.add_file(file.name).execute()["id"]
draft = page.create_feed(
    params={"message": "two steps", "published": False, "attached_media": [{"media_fbid": photo}]}
)["id"]
before = shown(draft)
page_lists = [post["id"] for post in page.get_published_posts(fields=["id"])]
PagePost(draft).api_update(params={"is_published": True})
after = shown(draft)

video = page.create_video(params={"file_url": "https://cdn.example/a.mp4", "description": "moving"})["id"]
state = AdVideo(video).api_get(fields=["status", "published"]).export_all_data()
comment = PagePost(draft).create_comment(params={"message": "first"})["id"]
comments = [one.export_all_data() for one in PagePost(draft).get_comments(fields=["message", "from"])]
listed = [post["id"] for post in page.get_published_posts(fields=["id", "message"], params={"limit": 1})]

refusals = {
    "nothing": refusal(lambda: page.create_feed(params={})),
    "media": refusal(lambda: page.create_feed(params={"attached_media": [{"media_fbid": "17"}]})),
    "other": refusal(lambda: Page("17").create_feed(params={"message": "not mine"})),
}
page.create_feed(params={"message": "again"})
refusals["again"] = refusal(lambda: page.create_feed(params={"message": "again"}))
FacebookAdsApi.init(access_token=person)
pages = [one.export_all_data() for one in User("me").get_accounts(fields=["id", "access_token"])]

print(json.dumps({
    "first": first, "draft": draft, "video": video, "before": before, "after": after, "state": state,
    "page_lists": page_lists, "listed": listed, "comment": comment, "comments": comments, "pages": pages,
    "refusals": refusals,
}))
