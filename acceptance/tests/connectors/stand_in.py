"""The app with notes: a few of them, for those who know the token."""
import http.server, json, urllib.parse

TOKEN = "token-of-the-stand-in-19ab"
NOTES = [{"id": str(number), "text": f"Note {number}"} for number in range(1, 11)]


class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {"message": "who are you?"})
        if address.path == "/notes":
            asked = dict(urllib.parse.parse_qsl(address.query))
            start, size = int(asked.get("from", 0)), int(asked.get("size", 10))
            return self.answer(200, {"total": len(NOTES), "notes": NOTES[start:start + size]})
        found = [note for note in NOTES if address.path == f"/notes/{note['id']}"]
        return self.answer(200, found[0]) if found else self.answer(404, {"message": "no such note"})

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
    settings = {"api_url": f"http://127.0.0.1:{server.server_port}"}
    print(json.dumps({"status": "ready", "settings": settings, "auth": {"token": {"token": TOKEN}}}), flush=True)
    server.serve_forever()
