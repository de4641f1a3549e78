"""A Bot API server of our own on a socket, for tests: bots, chats, long polling, webhooks, files, and faults on demand.

Every call is validated by aiogram's own model of the method, then by the rules Telegram is known to enforce (lengths,
unknown chats, blocked bots, button values). What it accepted is in `bot.sent`; what people do is in
`tests.servers.botapi_people`.

    async with bot_api() as api:
        bot = api.add_bot()
        ann = bot.person("Ann")
        ann.says("hi")
        ...
        assert (await bot.next_sent()).text == "Hello!"

https://core.telegram.org/bots/api
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import aiogram.methods
from aiogram.client.default import Default
from aiogram.methods import TelegramMethod
from aiogram.types import InputFile
from aiohttp import ClientSession, ClientTimeout, web
from pydantic import BaseModel, ValidationError

from tests.servers.botapi_people import Person
from tests.servers.botapi_rules import Limits, Refusal, check_entities, deleted, edited

METHODS: dict[str, type[TelegramMethod[Any]]] = {
    found.__api_method__.lower(): found
    for found in vars(aiogram.methods).values()
    if isinstance(found, type) and issubclass(found, TelegramMethod) and found is not TelegramMethod
}

# Where each sending method has its file, and the field of a Message that shows it.
FILE_FIELDS = {
    "sendphoto": "photo",
    "senddocument": "document",
    "sendvoice": "voice",
    "sendaudio": "audio",
    "sendvideo": "video",
    "sendanimation": "animation",
    "sendsticker": "sticker",
    "sendvideonote": "video_note",
}


@dataclass
class Fault:
    """One thing to go wrong: with the next call of `method` (any when None), `times` times.

    `then` is what happens on the wire: `answer` with `status` (and `page` instead of JSON, if given), `drop` the
    connection, `hang` until the client gives up, or `half`: of a file one half is sent, or of a call not all is read,
    before the connection ends. `after` first does what was asked, so it is recorded.
    """

    method: str | None = None
    then: Literal["answer", "drop", "hang", "half"] = "answer"
    after: bool = False
    status: int = 500
    description: str = "Internal Server Error"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    page: str | None = None
    times: int = 1


@dataclass
class Sent:
    """One accepted call that says something. `files` are the uploaded bytes in order; `messages` what it became."""

    method: str
    chat_id: int
    text: str
    call: TelegramMethod[Any]
    messages: list[dict[str, Any]]
    files: list[bytes] = field(default_factory=list)

    @property
    def message_id(self) -> int:
        """The id of the (last) message it became."""
        return int(self.messages[-1]["message_id"])

    @property
    def buttons(self) -> list[list[dict[str, Any]]]:
        """The rows of its inline keyboard."""
        rows: list[list[dict[str, Any]]] = self.messages[-1].get("reply_markup", {}).get("inline_keyboard", [])
        return rows

    @property
    def keyboard(self) -> list[list[dict[str, Any]]]:
        """The rows of its reply keyboard (which share a number or a place)."""
        markup = getattr(self.call, "reply_markup", None)
        dumped = markup.model_dump(exclude_none=True) if isinstance(markup, BaseModel) else {}
        return list(dumped.get("keyboard", []))


class Bot:
    """One bot and all that is known of it on the server."""

    def __init__(self, token: str, username: str, title: str) -> None:
        self.token, self.username, self.title = token, username, title
        self.id = int(token.partition(":")[0])
        self.sent: list[Sent] = []
        self.answered: list[str] = []  # callback queries
        self.typing: list[int] = []  # the chats it was shown in
        self.limits: Limits | None = None  # none is enforced unless a test says so
        self.calls: list[str] = []  # every method asked for, also refused ones
        self.updates: list[dict[str, Any]] = []  # waiting
        self.webhook: dict[str, Any] = {"url": ""}
        self.pushed: list[int] = []  # the status of each webhook delivery
        self.chats: dict[int, dict[str, Any]] = {}
        self.blocked: set[int] = set()
        self.messages: dict[tuple[int, int], dict[str, Any]] = {}
        self.queries: set[str] = set()
        self.files: dict[str, tuple[str, bytes]] = {}  # file_id: (path, bytes)
        self.allowed: list[str] | None = None
        self.changed = asyncio.Event()
        self.poller: asyncio.Event | None = None
        self._update_id = 880_000_000
        self._message_id = 0
        self._seen = 0

    def me(self) -> dict[str, Any]:
        """The bot as a User."""
        return {"id": self.id, "is_bot": True, "first_name": self.title, "username": self.username}

    def person(self, name: str = "Ann", *, id: int | None = None, language: str = "en") -> Person:
        """Somebody whose private chat with the bot exists."""
        id = id or 4711 + len(self.chats)
        self.chats.setdefault(id, {"id": id, "type": "private", "first_name": name})
        return Person(self, id, name, language)

    def next_message_id(self) -> int:
        """Numbers count over all private chats of a bot."""
        self._message_id += 1
        return self._message_id

    def keep_file(self, path: str, data: bytes) -> str:
        """Store a file; its file_id."""
        file_id = f"F{len(self.files) + 1}-{self.id}"
        self.files[file_id] = (f"{path.rpartition('/')[2] or 'file'}_{len(self.files) + 1}", data)
        return file_id

    def push(self, kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Queue one update, to be polled or delivered to the webhook; returns it."""
        self._update_id += 1
        update = {"update_id": self._update_id, kind: dict(payload)}
        if self.allowed is None or kind in self.allowed:
            self.updates.append(update)
            self.changed.set()
        return update

    async def until(self, met: Callable[[], bool], seconds: float = 120) -> None:
        """Wait for something to become true of this server; TimeoutError when it does not."""
        async with asyncio.timeout(seconds):
            while not met():
                await asyncio.sleep(0.005)

    async def next_sent(self, seconds: float = 120) -> Sent:
        """The next message the bot sent that this was not asked for yet."""
        await self.until(lambda: len(self.sent) > self._seen, seconds)
        self._seen += 1
        return self.sent[self._seen - 1]


class BotApi:
    """The server. Use `bot_api()`."""

    def __init__(self) -> None:
        self.url = ""
        self.bots: dict[str, Bot] = {}
        self.faults: list[Fault] = []
        self.closing = asyncio.Event()
        self._pushers: dict[str, asyncio.Task[None]] = {}

    def add_bot(self, token: str = "4200:AAtest-token_of-the_tests", username: str = "tests_bot") -> Bot:
        """A bot that @BotFather has just made."""
        self.bots[token] = Bot(token, username, "Tests")
        return self.bots[token]

    # ------------------------------------------------------------------------------------------------ the wire

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """`/bot<token>/<method>`."""
        method = request.match_info["method"].lower()
        bot = self.bots.get(request.match_info["token"])
        if self.faults and self.faults[0].then == "half" and (cut := self._fault(method)) is not None:
            await request.content.readany()
            return await self._fail(request, cut)
        fields = await _fields(request)
        if bot is not None:
            bot.calls.append(METHODS[method].__api_method__ if method in METHODS else method)
        fault = self._fault(method)
        if fault is not None and not fault.after:
            return await self._fail(request, fault)
        status, body = await self._answer(bot, method, fields)
        if fault is not None:
            return await self._fail(request, fault)
        return web.json_response(body, status=status)

    async def _answer(self, bot: Bot | None, method: str, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            if bot is None:
                raise Refusal(401, "Unauthorized")
            if method not in METHODS:
                raise Refusal(404, "Not Found: method not found")
            result = await self._do(bot, method, fields)
        except Refusal as refusal:
            body: dict[str, Any] = {"ok": False, "error_code": refusal.status, "description": refusal.description}
            return refusal.status, body | ({"parameters": refusal.parameters} if refusal.parameters else {})
        return 200, {"ok": True, "result": result}

    def _fault(self, method: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and (fault.method is None or fault.method.lower() == method):
                fault.times -= 1
                return fault
        return None

    async def _fail(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.then == "hang":
            with suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), 60)
        if fault.then != "answer":
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if fault.page is not None:
            return web.Response(status=fault.status, text=fault.page, content_type="text/html")
        body = {"ok": False, "error_code": fault.status, "description": fault.description}
        return web.json_response(
            body | ({"parameters": dict(fault.parameters)} if fault.parameters else {}), status=fault.status
        )

    async def file(self, request: web.Request) -> web.StreamResponse:
        """`/file/bot<token>/<path>`."""
        fault = self._fault("file")
        if fault is not None and fault.then != "half":
            return await self._fail(request, fault)
        bot = self.bots.get(request.match_info["token"])
        for path, data in bot.files.values() if bot is not None else ():
            if path == request.match_info["path"] and fault is not None:
                response = web.StreamResponse(headers={"Content-Length": str(len(data))})
                await response.prepare(request)
                await response.write(data[: len(data) // 2])
                return await self._fail(request, fault)
            if path == request.match_info["path"]:
                return web.Response(body=data, content_type="application/octet-stream")
        return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)

    # ----------------------------------------------------------------------------------------------- the methods

    async def _do(self, bot: Bot, method: str, fields: dict[str, Any]) -> Any:
        uploads = {name: value for name, value in fields.items() if isinstance(value, web.FileField)}
        call = _validated(METHODS[method], {name: value for name, value in fields.items() if name not in uploads})
        if method == "getme":
            return bot.me() | {"can_join_groups": True, "can_read_all_group_messages": False}
        if method == "getupdates":
            return await self._get_updates(bot, call)
        if method in ("setwebhook", "deletewebhook"):
            return self._set_webhook(
                bot, call if method == "setwebhook" else None, bool(getattr(call, "drop_pending_updates", False))
            )
        if method == "getwebhookinfo":
            return bot.webhook | {"has_custom_certificate": False, "pending_update_count": len(bot.updates)}
        if method == "answercallbackquery":
            query: str = getattr(call, "callback_query_id", "")
            if query not in bot.queries:
                raise Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
            bot.answered.append(query)
            return True
        if method == "getfile":
            return self._get_file(bot, getattr(call, "file_id", ""))
        if method == "sendchataction":
            bot.typing.append(self._chat(bot, call)["id"])
            return True
        if method.startswith("send"):
            return self._send(bot, method, call, uploads)
        if method in ("editmessagetext", "editmessagecaption"):
            chat_id = self._chat(bot, call)["id"]
            return edited(bot.messages.get((chat_id, getattr(call, "message_id", 0))), call, _markup(call))
        if method == "deletemessage":
            deleted(bot.messages.get((self._chat(bot, call)["id"], getattr(call, "message_id", 0))))
            return True
        if method == "deletemessages":
            for id_ in getattr(call, "message_ids", ()):
                with suppress(Refusal):
                    deleted(bot.messages.get((self._chat(bot, call)["id"], id_)))
            return True
        raise Refusal(404, f"Not Found: this server does not know {method}")

    async def _get_updates(self, bot: Bot, call: Any) -> list[dict[str, Any]]:
        if bot.webhook["url"]:
            raise Refusal(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        if call.allowed_updates is not None:
            bot.allowed = call.allowed_updates or None
        if bot.poller is not None:
            bot.poller.set()
        mine = bot.poller = asyncio.Event()
        if call.offset is not None:
            kept = bot.updates[call.offset :] if call.offset < 0 else bot.updates
            bot.updates[:] = [update for update in kept if call.offset < 0 or update["update_id"] >= call.offset]
        until = time.monotonic() + min(call.timeout or 0, 50)
        while not bot.updates and time.monotonic() < until and not self.closing.is_set():
            bot.changed.clear()
            waits = [asyncio.ensure_future(event.wait()) for event in (bot.changed, mine, self.closing)]
            try:
                await asyncio.wait(waits, timeout=until - time.monotonic(), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
            if mine.is_set():
                raise Refusal(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                )
        return bot.updates[: call.limit or 100]

    def _set_webhook(self, bot: Bot, call: Any, drop: bool) -> bool:
        url = call.url if call is not None else ""
        if url and not url.startswith(("http://", "https://")):
            raise Refusal(400, "Bad Request: bad webhook: URL host is empty")
        if drop:
            bot.updates.clear()
        pusher = self._pushers.pop(bot.token, None)
        if pusher is not None:
            pusher.cancel()
        bot.webhook = {"url": url}
        if url:
            bot.allowed = call.allowed_updates or None
            secret = call.secret_token or ""
            self._pushers[bot.token] = asyncio.create_task(self._push(bot, url, secret))
        return True

    async def _push(self, bot: Bot, url: str, secret: str) -> None:
        """Deliver in order; what is not answered with 2xx is delivered again."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        async with ClientSession(timeout=ClientTimeout(total=10)) as http:
            while True:
                if not bot.updates:
                    bot.changed.clear()
                    await bot.changed.wait()
                    continue
                update = bot.updates[0]
                try:
                    async with http.post(url, json=update, headers=headers) as response:
                        status = response.status
                except Exception as error:  # whatever breaks there, it is delivered again
                    status, bot.webhook["last_error_message"] = 0, repr(error)[:200]
                bot.pushed.append(status)
                if 200 <= status < 300:
                    # One that was told to stop, and heard so too late, takes nothing but what it has delivered.
                    bot.updates[:] = [one for one in bot.updates if one is not update]
                else:
                    bot.webhook |= {"last_error_date": int(time.time())}
                    bot.webhook.setdefault("last_error_message", f"Wrong response from the webhook: {status}")
                    await asyncio.sleep(0.05)

    def _get_file(self, bot: Bot, file_id: str) -> dict[str, Any]:
        if file_id not in bot.files:
            raise Refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        path, data = bot.files[file_id]
        if len(data) > 20 << 20:
            raise Refusal(400, "Bad Request: file is too big")
        return {"file_id": file_id, "file_unique_id": f"U{file_id}", "file_size": len(data), "file_path": path}

    def _chat(self, bot: Bot, call: Any) -> dict[str, Any]:
        chat = bot.chats.get(call.chat_id)
        if chat is None:
            raise Refusal(400, "Bad Request: chat not found")
        if call.chat_id in bot.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return chat

    def _send(self, bot: Bot, method: str, call: Any, uploads: Mapping[str, web.FileField]) -> Any:
        chat = self._chat(bot, call)
        if bot.limits is not None:
            bot.limits.check(call.chat_id)
        markup = _markup(call)
        answered = getattr(call, "reply_parameters", None)
        if (
            answered is not None
            and (call.chat_id, answered.message_id) not in bot.messages
            and not answered.allow_sending_without_reply
        ):
            raise Refusal(400, "Bad Request: message to be replied not found")
        files: list[bytes] = []
        made = []
        for said in _said(method, call):
            message: dict[str, Any] = {"chat": chat, "from": bot.me(), "date": int(time.time()), **said["shown"]}
            for name, reference in said["files"].items():
                upload = uploads.get(str(reference).removeprefix("attach://"))
                if upload is None:
                    raise Refusal(400, "Bad Request: wrong file identifier/HTTP URL specified")
                data = upload.file.read()
                if not data:
                    raise Refusal(400, "Bad Request: file must be non-empty")
                files.append(data)
                if name == "photo" and len(data) > 10 << 20:
                    raise Refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
                message |= _media(name, bot.keep_file(upload.filename, data), upload.filename, len(data))
            if markup is not None and "inline_keyboard" in markup:
                message["reply_markup"] = markup
            made.append(message)
        for message in made:
            message["message_id"] = bot.next_message_id()
            bot.messages[call.chat_id, message["message_id"]] = message
        text = next((said["text"] for said in _said(method, call) if said["text"]), "")
        bot.sent.append(Sent(METHODS[method].__api_method__, call.chat_id, text, call, made, files))
        return made if method == "sendmediagroup" else made[0]

    async def close(self) -> None:
        """Stop what runs."""
        self.closing.set()
        for task in self._pushers.values():
            task.cancel()
        await asyncio.gather(*self._pushers.values(), return_exceptions=True)


# ------------------------------------------------------------------------------------------------ what was asked


async def _fields(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        return dict(await request.json())
    return dict(request.query) | dict(await request.post())


def _validated(model: type[TelegramMethod[Any]], fields: Mapping[str, Any]) -> TelegramMethod[Any]:
    """The call as aiogram's model has it. Stricter than Telegram: a parameter it does not have is refused."""
    values = {}
    for name, value in fields.items():
        known = model.model_fields.get(name)
        if known is None:
            raise Refusal(400, f"Bad Request: {model.__api_method__} has no parameter {name}")
        values[name] = value
        if isinstance(value, str) and not _is_text(known.annotation):
            with suppress(ValueError):
                values[name] = json.loads(value)
    for name, known in model.model_fields.items():  # a file that was uploaded under its own name
        if name not in values and known.is_required() and FILE_FIELDS.get(model.__api_method__.lower()) == name:
            values[name] = f"attach://{name}"
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Refusal(400, f"Bad Request: {error.errors(include_url=False)[0]['loc']}") from error


def _is_text(annotation: Any) -> bool:
    kinds = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return set(kinds) <= {str, type(None), Default, InputFile}


def _markup(call: Any) -> dict[str, Any] | None:
    markup = getattr(call, "reply_markup", None)
    if markup is None:
        return None
    dumped: dict[str, Any] = markup.model_dump(mode="json", exclude_none=True)
    for row in dumped.get("inline_keyboard", ()):
        for button in row:
            if not button.get("text") or not 1 <= len(button.get("callback_data", "x").encode()) <= 64:
                raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
    return dumped


def _said(method: str, call: Any) -> list[dict[str, Any]]:
    """Each message the call makes: its text, its fields as a Message shows them, and its files by field."""
    if method == "sendmessage":
        if not call.text.strip():
            raise Refusal(400, "Bad Request: message text is empty")
        if len(call.text.encode("utf-16-le")) // 2 > 4096:
            raise Refusal(400, "Bad Request: message is too long")
        check_entities(call.text, call.entities)
        return [{"text": call.text, "shown": {"text": call.text}, "files": {}}]
    if method == "sendmediagroup":
        if not 2 <= len(call.media) <= 10:
            raise Refusal(400, "Bad Request: wrong number of items in the media group")
        kinds = {item.type for item in call.media}
        if len(kinds) > 1 and not kinds <= {"photo", "video"}:
            raise Refusal(400, "Bad Request: items of different kinds cannot be in one album")
        for item in call.media:
            check_entities(item.caption or "", item.caption_entities)
        return [_captioned(item.caption, {item.type: item.media}) for item in call.media]
    if method in FILE_FIELDS:
        name = FILE_FIELDS[method]
        check_entities(getattr(call, "caption", None) or "", getattr(call, "caption_entities", None))
        return [_captioned(getattr(call, "caption", None), {name: getattr(call, name)})]
    if method in ("sendlocation", "sendvenue"):
        place: dict[str, Any] = {"location": {"latitude": call.latitude, "longitude": call.longitude}}
        if method == "sendvenue":
            place["venue"] = {**place, "title": call.title, "address": call.address}
        return [{"text": getattr(call, "title", ""), "shown": place, "files": {}}]
    raise Refusal(404, f"Not Found: this server does not know {method}")


def _captioned(caption: str | None, files: dict[str, Any]) -> dict[str, Any]:
    if caption and len(caption.encode("utf-16-le")) // 2 > 1024:
        raise Refusal(400, "Bad Request: message caption is too long")
    return {"text": caption or "", "shown": {"caption": caption} if caption else {}, "files": files}


def _media(name: str, file_id: str, file_name: str, size: int) -> dict[str, Any]:
    """How a Message shows an uploaded file."""
    file: dict[str, Any] = {"file_id": file_id, "file_unique_id": f"U{file_id}", "file_size": size}
    square = {"width": 90, "height": 90}
    if name == "photo":
        return {"photo": [file | square]}
    if name == "sticker":
        return {"sticker": file | square | {"type": "regular", "is_animated": False, "is_video": False}}
    if name in ("video", "animation"):
        return {name: file | square | {"duration": 1, "file_name": file_name}}
    if name == "video_note":
        return {name: file | {"length": 90, "duration": 1}}
    return {name: file | {"file_name": file_name} | ({"duration": 1} if name in ("voice", "audio") else {})}


@asynccontextmanager
async def bot_api(port: int = 0) -> AsyncIterator[BotApi]:
    """A running server on loopback, at `api.url`."""
    api = BotApi()
    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/bot{token:[^/]+}/{method}", api.answer)
    app.router.add_get("/file/bot{token:[^/]+}/{path:.+}", api.file)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield api
    finally:
        await api.close()
        await runner.cleanup()
