"""Drives the fake LinkedIn with LinkedIn's own client library for Python. Prints what it saw as one line of JSON."""

import json
import sys

from detour import Detour
from linkedin_api.clients.restli.client import RestliClient

VERSION = "202605"


def post(author, text):
    return {
        "author": author,
        "commentary": text,
        "visibility": "PUBLIC",
        "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }


def main(base, token, page):
    client = RestliClient()
    client.session.mount("https://", Detour(base))
    common = {"access_token": token, "version_string": VERSION}

    def create(author, text):
        return client.create(resource_path="/posts", entity=post(author, text), **common)

    def get(urn):
        return client.get(resource_path="/posts/{urn}", path_keys={"urn": urn}, **common)

    def find(author):
        query = {"author": author, "count": 10, "sortBy": "LAST_MODIFIED"}
        return client.finder(resource_path="/posts", finder_name="author", query_params=query, **common)

    me = client.get(resource_path="/userinfo", access_token=token)
    member = f"urn:li:person:{me.entity['sub']}"
    made = create(page, "for the page \\(once\\) {hashtag|\\#|Rust}")
    own = create(member, "for me")
    again = create(member, "for me")
    comment = client.create(
        resource_path="/socialActions/{urn}/comments",
        path_keys={"urn": made.entity_id},
        entity={"actor": page, "object": made.entity_id, "message": {"text": "first"}},
        **common,
    )
    begun = client.action(
        resource_path="/images",
        action_name="initializeUpload",
        action_params={"initializeUploadRequest": {"owner": member}},
        **common,
    )
    upload = client.session.put(begun.value["uploadUrl"], data=b"bytes", headers={"Authorization": f"Bearer {token}"})
    roles = client.finder(
        resource_path="/organizationAcls", finder_name="roleAssignee", query_params={"state": "APPROVED"}, **common
    )
    key = {"urn": made.entity_id}
    old = client.get(resource_path="/posts/{urn}", path_keys=key, access_token=token, version_string="202401")
    unread = get(own.entity_id).status_code
    gone = client.delete(resource_path="/posts/{urn}", path_keys={"urn": own.entity_id}, **common)
    result = {
        "member": member,
        "made": {"status": made.status_code, "id": made.entity_id, "body": made.response.text},
        "own": own.entity_id,
        "again": {"status": again.status_code, "body": again.response.json()},
        "comment": {"status": comment.status_code, "body": comment.response.json()},
        "upload": {"image": begun.value["image"], "status": upload.status_code},
        "read": get(made.entity_id).entity["commentary"],
        "unread": unread,
        "found": [element["id"] for element in find(page).elements],
        "unfound": find(member).status_code,
        "roles": [role["organization"] for role in roles.elements],
        "old": {"status": old.status_code, "code": old.response.json()["code"]},
        "gone": gone.status_code,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
