"""Drives the fake YouTube with Google's own client library for Python, by its own discovery document. Prints what it saw as JSON."""

import io
import json
import sys

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

CHUNK = 256 * 1024


def refusal(request):
    try:
        request.execute()
    except HttpError as error:
        return {"status": error.status_code, "reason": error.error_details[0]["reason"]}


def main(base, token, refresh_token, client_id, client_secret):
    document = json.loads(get_static_doc("youtube", "v3"))
    document.update(rootUrl=f"{base}/", baseUrl=f"{base}/", mtlsRootUrl=f"{base}/")
    credentials = Credentials(
        token,
        refresh_token=refresh_token,
        token_uri=f"{base}/token",
        client_id=client_id,
        client_secret=client_secret,
    )
    youtube = build_from_document(document, credentials=credentials)

    def insert(title, size, **status):
        body = {"snippet": {"title": title, "tags": ["one", "two words"], "categoryId": "28"}, "status": status}
        media = MediaIoBaseUpload(io.BytesIO(b"7" * size), "video/mp4", chunksize=CHUNK, resumable=True)
        return youtube.videos().insert(part="snippet,status", body=body, media_body=media)

    request, video, progress = insert("A talk", 3 * CHUNK + 17, privacyStatus="private"), None, []
    while video is None:
        status, video = request.next_chunk()
        progress += [status.resumable_progress] if status else []
    shown = youtube.videos().list(part="snippet,status,processingDetails", id=video["id"]).execute()
    channel = youtube.channels().list(part="snippet,contentDetails", mine=True).execute()["items"][0]
    uploads = channel["contentDetails"]["relatedPlaylists"]["uploads"]
    listed = youtube.playlistItems().list(part="snippet,contentDetails", playlistId=uploads, maxResults=50).execute()
    cover = MediaIoBaseUpload(io.BytesIO(b"\x89PNG"), "image/png")
    youtube.thumbnails().set(videoId=video["id"], media_body=cover).execute()
    place = {"playlistId": "PL1", "resourceId": {"kind": "youtube#video", "videoId": video["id"]}}
    youtube.playlistItems().insert(part="snippet", body={"snippet": place}).execute()
    change = {
        "id": video["id"],
        "snippet": {"title": "A talk, whole", "categoryId": "28"},
        "status": {"privacyStatus": "public", "selfDeclaredMadeForKids": False},
    }
    public = youtube.videos().update(part="snippet,status", body=change).execute()
    careless = insert("No word on privacy", 100).execute()
    result = {
        "refreshed": credentials.token != token,
        "id": video["id"],
        "progress": progress,
        "private": shown["items"][0]["status"],
        "processing": shown["items"][0]["processingDetails"]["processingStatus"],
        "title": channel["snippet"]["title"],
        "listed": [item["contentDetails"]["videoId"] for item in listed["items"]],
        "public": [public["status"]["privacyStatus"], public["snippet"]["title"], public["snippet"].get("tags")],
        "careless": careless["status"]["privacyStatus"],
        "too_long": refusal(insert("x" * 101, 100)),
        "no_such_video": refusal(youtube.videos().update(part="status", body={"id": "x", "status": {}})),
        "no_such_playlist": refusal(youtube.playlistItems().list(part="id", playlistId="nobody's")),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
