"""The app with notes: a few of them, for those who know the token, and what became of them."""
import http.server, json, urllib.parse

TOKEN = "token-of-the-stand-in-19ab"
NOTES = {str(number): {"id": str(number), "text": f"Note {number}"} for number in range(1, 11)}
MOST = 8  # Notes of a page, however many are asked for.
CHANGED = []  # The ids, in the order of the changes.


class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer_to(self, method):
        address = urllib.parse.urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or "{}")
        place, _, id = address.path[1:].partition("/")
        if place == "stand_in":
            return self.change(method, id.removeprefix("notes/"), body)
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {"message": "who are you?"})
        asked = dict(urllib.parse.parse_qsl(address.query))
        if (method, place, id) == ("POST", "notes", ""):
            return self.change("PUT", str(len(NOTES) + 1), body)
        if (place, id) == ("notes", ""):
            start, size = int(asked.get("from", 0)), min(int(asked.get("size", 10)), MOST)
            return self.answer(200, {"total": len(NOTES), "notes": list(NOTES.values())[start:start + size],
                                     "changes": len(CHANGED)})
        if place == "changes":
            changed = [{"id": id, "note": NOTES.get(id)} for id in CHANGED[int(asked.get("after", 0)):]]
            return self.answer(200, {"changed": changed, "changes": len(CHANGED)})
        return self.answer(200, NOTES[id]) if id in NOTES else self.answer(404, {"message": "no such note"})

    def change(self, method, id, body):
        """What other people do in the app."""
        CHANGED.append(id)
        if method == "DELETE":
            return self.answer(200, NOTES.pop(id))
        NOTES[id] = {"id": id, "text": body["text"]}
        self.answer(200, NOTES[id])

    def do_GET(self):
        self.answer_to("GET")

    def do_POST(self):
        self.answer_to("POST")

    def do_PUT(self):
        self.answer_to("PUT")

    def do_DELETE(self):
        self.answer_to("DELETE")

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
