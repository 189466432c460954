"""A signed request to crossdesk (RFC 9421, RFC 9530). Python 3.8 or newer, nothing to install.

    CROSSDESK_URL=https://desk.example CROSSDESK_KEY_ID=sgk_... CROSSDESK_SECRET=sgs_... python3 signed_request.py

Signs with hmac-sha256. For ed25519 put, in place of hmac.digest below,
`private_key.sign(base)` of the package `cryptography`. Prints the answers.
"""

import base64
import hashlib
import hmac
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid


def signature_headers(key_id, secret, method, url, body=None):
    """The headers that sign a request. Send method, URL and body exactly as they are given here."""
    parts = urllib.parse.urlsplit(url)
    default_port = {"http": 80, "https": 443}[parts.scheme]
    authority = parts.hostname if parts.port in (None, default_port) else f"{parts.hostname}:{parts.port}"
    components = {
        "@method": method,
        "@authority": authority,
        "@path": parts.path or "/",
        "@query": "?" + parts.query,
    }
    headers = {}
    if body is not None:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        components["content-digest"] = f"sha-256=:{digest}:"
        headers = {"Content-Type": "application/json", "Content-Digest": components["content-digest"]}
    names = " ".join(f'"{name}"' for name in components)
    parameters = f'({names});created={int(time.time())};nonce="{uuid.uuid4()}";keyid="{key_id}"'
    lines = [f'"{name}": {value}' for name, value in components.items()]
    base = "\n".join(lines + [f'"@signature-params": {parameters}']).encode("ascii")
    # The secret is used as it was shown, byte by byte.
    signature = hmac.digest(secret.encode("ascii"), base, "sha256")
    headers["Signature-Input"] = f"sig={parameters}"
    headers["Signature"] = f"sig=:{base64.b64encode(signature).decode()}:"
    return headers


def call(method, url, body=None):
    headers = signature_headers(os.environ["CROSSDESK_KEY_ID"], os.environ["CROSSDESK_SECRET"], method, url, body)
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return f"{answer.status} {answer.read().decode()}"
    except urllib.error.HTTPError as refusal:
        return f"{refusal.code} {refusal.read().decode()}"


if __name__ == "__main__":
    service = os.environ["CROSSDESK_URL"]
    visitor = json.dumps({"external_id": f"customer-{uuid.uuid4()}", "name": "Ada"}).encode()
    print(call("POST", f"{service}/api/v1/visitors", visitor))
    print(call("GET", f"{service}/api/v1/visitors?limit=1"))
