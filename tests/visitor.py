"""A visit without a browser: Streamlit's own messages over its websocket, and files as its uploader sends them."""

import http.client
import json
import math
import time
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

XSRF = "_streamlit_xsrf"

EVENTS = "$$STREAMLIT_INTERNAL_KEY_{}__events"
"""What says that something has happened in a component of this id."""


class Visitor:
    """Somebody who has opened the app at an address, of whose page the last message is known.

    It follows the page as a browser does: where a fragment is to be drawn again and again, it asks for that. Raises
    AssertionError where a run of the page ends in an error, or what is waited for does not come.
    """

    def __init__(self, url: str, patience: float = 120):
        self.url, self.patience = urlsplit(url), patience
        self.base = self.url.path.rstrip("/")
        self.session = ""
        self.uploader = ""
        """The id of the first uploader on the page."""
        self.whole_runs = self.parts_drawn = 0
        """How often the whole page, and a fragment of it, has been drawn."""
        self._again: dict[str, tuple[float, float, list[WidgetState]]] = {}
        """Fragment → when it is to be drawn again, how many seconds after that once more, infinite for once, and what
        is said with it."""
        status, headers, _ = self.get("/_stcore/health")
        assert status == 200, f"{url} does not answer: {status}"
        self.token = next(value.split(";")[0].split("=", 1)[1] for value in headers if value.startswith(f"{XSRF}="))
        self._socket = connect(
            f"ws://{self.url.netloc}{self.base}/_stcore/stream",
            subprotocols=["streamlit", self.token],  # type: ignore[list-item]
            additional_headers={"Cookie": f"{XSRF}={self.token}"},
            origin=f"http://{self.url.netloc}",  # type: ignore[arg-type]
            max_size=None,
            open_timeout=patience,
        )
        self._ask()

    def close(self) -> None:
        self._socket.close()

    def get(self, path: str) -> tuple[int, list[str], bytes]:
        """Status, the cookies set, and the body of what lies at a path below the app's own."""
        connection = http.client.HTTPConnection(self.url.netloc, timeout=self.patience)
        try:
            connection.request("GET", f"{self.base}{path}")
            answer = connection.getresponse()
            return answer.status, answer.msg.get_all("Set-Cookie") or [], answer.read()
        finally:
            connection.close()

    def until(self, text: str, run_first: bool = False, never: str = "") -> None:
        """Follow the page until it says `text`. run_first: in a run of the whole page that has not begun yet. never:
        what it must not say before."""
        begun = not run_first
        for message in self._messages():
            begun = begun or _is_of_whole_page(message)
            if not begun or not message.HasField("delta"):
                continue
            said = message.SerializeToString()
            assert not never or never.encode() not in said, f"the page says {never!r}"
            if text.encode() in said:
                return

    def follow(self, seconds: float) -> None:
        """Look at the page for a while."""
        for _ in self._messages(seconds):
            pass

    def upload(self, name: str, data: bytes) -> None:
        """Bring a file to the first uploader on the page."""
        for _ in self._messages() if not self.uploader else ():
            if self.uploader:
                break
        asked = BackMsg()
        asked.file_urls_request.request_id = str(uuid4())
        asked.file_urls_request.file_names.append(name)
        asked.file_urls_request.session_id = self.session
        self._socket.send(asked.SerializeToString())
        place = next(
            message.file_urls_response.file_urls[0]
            for message in self._messages()
            if message.HasField("file_urls_response")
        )
        boundary = uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        connection = http.client.HTTPConnection(self.url.netloc, timeout=self.patience)
        connection.request(
            "PUT",
            f"{self.base}{place.upload_url}",
            head.encode() + data + f"\r\n--{boundary}--\r\n".encode(),
            {
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                "X-Xsrftoken": self.token,
                "Cookie": f"{XSRF}={self.token}",
            },
        )
        status = connection.getresponse().status
        connection.close()
        assert status == 204, f"the upload is answered by {status}"
        state = WidgetState(id=self.uploader)
        info = state.file_uploader_state_value.uploaded_file_info.add(name=name, size=len(data), file_id=place.file_id)
        info.file_urls.CopyFrom(place)
        self._ask(state)

    def _ask(self, *states: WidgetState, fragment: str = "") -> None:
        """For the page, or a fragment of it, to be drawn anew, with what widgets are now."""
        asked = BackMsg()
        asked.rerun_script.query_string = self.url.query
        asked.rerun_script.widget_states.widgets.extend(states)
        asked.rerun_script.fragment_id = fragment
        asked.rerun_script.is_auto_rerun = bool(fragment) and not states
        self._socket.send(asked.SerializeToString())

    def _messages(self, seconds: float | None = None) -> Iterator[ForwardMsg]:
        """As they come; for so many seconds, or as long as there is patience for the one waited for."""
        end = time.monotonic() + (self.patience if seconds is None else seconds)
        while (now := time.monotonic()) < end:
            for fragment, (due, every, states) in list(self._again.items()):
                if due <= now:
                    self._again[fragment] = now + every, every, states  # never again where it was to be once
                    self._ask(*states, fragment=fragment)
            due = min((due for due, *_ in self._again.values()), default=end)
            try:
                raw = self._socket.recv(timeout=max(min(end, due) - now, 0.001))
            except TimeoutError:
                continue
            message = ForwardMsg.FromString(raw)  # type: ignore[arg-type]
            self._note(message)
            yield message
        assert seconds is not None, f"nothing came for {self.patience:.0f} s"

    def _note(self, message: ForwardMsg) -> None:
        if message.HasField("new_session"):
            self.session = message.new_session.initialize.session_id or self.session
            if _is_of_whole_page(message):
                self.whole_runs += 1
                self._again.clear()
                self.uploader = ""
            else:
                self.parts_drawn += 1
        elif message.HasField("auto_rerun"):
            every = message.auto_rerun.interval
            self._again[message.auto_rerun.fragment_id] = time.monotonic() + every, every, []
        elif message.HasField("stop_auto_rerun"):
            for fragment in message.stop_auto_rerun.fragment_ids:
                self._again.pop(fragment, None)
        elif message.HasField("delta"):
            element = message.delta.new_element
            assert not element.HasField("exception"), element.exception.message
            if element.HasField("file_uploader") and not self.uploader:
                self.uploader = element.file_uploader.id
            if element.bidi_component.component_name.endswith("look_again"):
                data = json.loads(element.bidi_component.json)
                said = json.dumps([{"event": "due", "value": data["number"]}])
                state = WidgetState(id=EVENTS.format(element.bidi_component.id), json_trigger_value=said)
                self._again[message.delta.fragment_id] = time.monotonic() + data["seconds"], math.inf, [state]


def _is_of_whole_page(message: ForwardMsg) -> bool:
    """Whether a run of the whole page begins with it."""
    return message.HasField("new_session") and not message.metadata.run.fragment_ids
