"""Pinterest's own SDK against the fake Pinterest: renews its token, pins pictures and a video, looks, and is refused."""

import base64
import json
import os
import sys
import urllib.request

url, token, refresh, app, secret, board = sys.argv[1:]
os.environ["PINTEREST_API_URI"] = f"{url}/v5"

from openapi_generated.pinterest_client.api.media_api import MediaApi
from openapi_generated.pinterest_client.api.user_account_api import UserAccountApi
from openapi_generated.pinterest_client.model.media_upload_request import MediaUploadRequest
from pinterest.client import PinterestSDKClient
from pinterest.organic.boards import Board
from pinterest.organic.pins import Pin
from pinterest.utils.sdk_exceptions import SdkException
from openapi_generated.pinterest_client.exceptions import ApiException

client = PinterestSDKClient.create_client_with_refresh_token(refresh, app, secret)
who = UserAccountApi(client).user_account_get()["username"]


def refusal(call):
    try:
        call()
    except (ApiException, SdkException) as error:
        status = error.status
        try:
            return [status, json.loads(error.body)["code"]]
        except (TypeError, ValueError):
            return [status, None]
    return None


def pin(source, **more):
    return Pin.create(board_id=board, media_source=source, client=client, **more)


png = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0").decode()
picture = {"source_type": "image_base64", "content_type": "image/png", "data": png}
first = pin(picture, title="Grüße & co", description="a pixel", link="https://example.org", alt_text="a pixel")

registered = MediaApi(client).media_create(MediaUploadRequest(media_type="video"))
parameters = registered["upload_parameters"]
fields = {parameters.attribute_map.get(name, name): value for name, value in parameters.to_dict().items()}
boundary = "boundary17"
parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\nvideo\r\n--{boundary}--\r\n'
upload = urllib.request.Request(
    registered["upload_url"],
    data="".join([*parts, file]).encode(),
    headers={"content-type": f"multipart/form-data; boundary={boundary}"},
)
stored = urllib.request.urlopen(upload).status
state = str(MediaApi(client).media_get(registered["media_id"])["status"])
video = {"source_type": "video_id", "media_id": registered["media_id"], "cover_image_url": "https://cdn.example/a.jpg"}
second = pin(video, title="moving")

pins, bookmark = Board(board_id=board, client=client).list_pins(page_size=1)
listed = [one.id for one in pins]
while bookmark:
    pins, bookmark = bookmark.get_next()
    listed += [one.id for one in pins]

refusals = {
    "board": refusal(lambda: Pin.create(board_id="17", media_source=picture, client=client)),
    "source": refusal(lambda: pin({**picture, "content_type": "image/jpeg"})),
    "stranger": refusal(lambda: Pin(pin_id=first.id, client=PinterestSDKClient.create_client_with_token("nobody"))),
    "again": refusal(lambda: PinterestSDKClient.create_client_with_refresh_token(refresh, app, secret)),
}
print(json.dumps({
    "who": who, "first": first.id, "second": second.id, "stored": stored, "state": state,
    "listed": listed, "refusals": refusals,
}))
