"""Meta's own SDK against the fake Instagram: publishes, looks, comments, and is refused."""

import json
import sys

from facebook_business.adobjects.igmedia import IGMedia
from facebook_business.adobjects.iguser import IGUser
from facebook_business.adobjects.shadowigmediabuilder import ShadowIGMediaBuilder
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

url, token, number = sys.argv[1:]
FacebookSession.GRAPH = url
FacebookAdsApi.init(access_token=token)
user = IGUser(number)


def state(container):
    read = ShadowIGMediaBuilder(container).api_get(fields=["status_code", "status"])
    return read["status_code"]


def refusal(call):
    try:
        call()
    except FacebookRequestError as error:
        return [error.http_status(), error.api_error_code(), error.api_error_subcode()]
    return None


single = user.create_media(params={"image_url": "https://cdn.example/a.jpg", "caption": "Grüße & co"})["id"]
states = [state(single)]
first = user.create_media_publish(params={"creation_id": single})["id"]
states.append(state(single))

children = [
    user.create_media(params={"image_url": f"https://cdn.example/{n}.jpg", "is_carousel_item": True})["id"]
    for n in range(2)
]
carousel = user.create_media(params={"media_type": "CAROUSEL", "children": children, "caption": "two"})["id"]
second = user.create_media_publish(params={"creation_id": carousel})["id"]
comment = IGMedia(second).create_comment(params={"message": "first"})["id"]

fields = ["id", "caption", "timestamp", "permalink", "media_type"]
listed = [post.export_all_data() for post in user.get_media(fields=fields, params={"limit": 1})]
comments = [one.export_all_data() for one in IGMedia(second).get_comments(fields=["id", "text"])]
limit = user.get_content_publishing_limit(fields=["quota_usage", "config"])[0].export_all_data()

refusals = {
    "again": refusal(lambda: user.create_media_publish(params={"creation_id": single})),
    "alone": refusal(lambda: user.create_media(params={"caption": "text alone"})),
    "carousel": refusal(lambda: user.create_media(params={"media_type": "CAROUSEL", "children": [first]})),
}
FacebookAdsApi.init(access_token="nobody")
refusals["stranger"] = refusal(lambda: IGUser(number).get_media())

print(json.dumps({
    "first": first, "second": second, "comment": comment, "states": states, "listed": listed, "comments": comments,
    "limit": limit, "refusals": refusals,
}))
