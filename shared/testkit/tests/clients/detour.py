"""Client libraries have the address of their platform built in: their session is given a way that leads to the fake."""

from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter


class Detour(HTTPAdapter):
    def __init__(self, base):
        self.base = urlsplit(base)
        super().__init__()

    def send(self, request, **options):
        url = urlsplit(request.url)
        request.url = url._replace(scheme=self.base.scheme, netloc=self.base.netloc).geturl()
        return super().send(request, **options)
