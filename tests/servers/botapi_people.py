"""The people who use a bot of `tests.servers.botapi`: what they do becomes updates."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the server makes people; people know their bot
    from tests.servers.botapi import Bot, Sent


@dataclass(frozen=True)
class Person:
    """Somebody with a private chat with `bot`. Each method returns the message (or the update) it made."""

    bot: Bot
    id: int
    name: str = "Ann"
    language: str = "en"

    def _user(self) -> dict[str, Any]:
        return {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": self.language}

    def sends(self, *, reply_to: int | None = None, **fields: Any) -> dict[str, Any]:
        """Any message: `fields` are those of a Message."""
        message: dict[str, Any] = {
            "message_id": self.bot.next_message_id(),
            "from": self._user(),
            "chat": self.bot.chats[self.id],
            "date": int(time.time()),
            **fields,
        }
        if reply_to is not None:
            message["reply_to_message"] = self.bot.messages[self.id, reply_to]
        self.bot.messages[self.id, message["message_id"]] = message
        self.bot.push("message", message)
        return message

    def says(self, text: str, *, reply_to: int | None = None) -> dict[str, Any]:
        """Write `text`; a leading /command is marked as one."""
        if text.startswith("/"):
            command = {"type": "bot_command", "offset": 0, "length": len(text.partition(" ")[0])}
            return self.sends(text=text, entities=[command], reply_to=reply_to)
        return self.sends(text=text, reply_to=reply_to)

    def edits(self, message: dict[str, Any], text: str) -> dict[str, Any]:
        """Change what an earlier message says."""
        changed = message | {"text": text, "edit_date": int(time.time())}
        self.bot.messages[self.id, message["message_id"]] = changed
        return self.bot.push("edited_message", changed)

    def presses(self, sent: Sent, label: str) -> str:
        """Press the button with `label` below `sent`; returns the id of the query to be answered."""
        values = [button["callback_data"] for row in sent.buttons for button in row if button["text"] == label]
        assert values, f"no button {label!r} below {sent.text!r}: {sent.buttons}"
        query = str(10_000_000_000 + len(self.bot.queries))
        self.bot.queries.add(query)
        self.bot.push(
            "callback_query",
            {
                "id": query,
                "from": self._user(),
                "message": sent.messages[-1],
                "chat_instance": f"-77{self.id}",
                "data": values[0],
            },
        )
        return query

    def shares_contact(self, phone: str = "380501112233", *, own: bool = True) -> dict[str, Any]:
        """Share a phone number, the own one or somebody else's."""
        contact = {"phone_number": phone, "first_name": self.name if own else "Somebody else"}
        return self.sends(contact=contact | ({"user_id": self.id} if own else {"user_id": 99_999}))

    def sends_photo(self, data: bytes, caption: str | None = None) -> dict[str, Any]:
        """A photo in two sizes, the larger one `data`."""
        small = self.bot.keep_file("photos/small.jpg", data[:64] or b"s")
        large = self.bot.keep_file("photos/large.jpg", data)
        sizes = [
            {"file_id": small, "file_unique_id": "s", "width": 90, "height": 67, "file_size": 64},
            {"file_id": large, "file_unique_id": "l", "width": 1280, "height": 960, "file_size": len(data)},
        ]
        return self.sends(photo=sizes, caption=caption) if caption else self.sends(photo=sizes)

    def sends_document(self, data: bytes, name: str, type: str = "application/pdf") -> dict[str, Any]:
        """A file."""
        file_id = self.bot.keep_file(f"documents/{name}", data)
        document = {"file_id": file_id, "file_unique_id": "d", "file_name": name, "mime_type": type}
        return self.sends(document=document | {"file_size": len(data)})

    def sends_voice(self, data: bytes) -> dict[str, Any]:
        """A voice message."""
        file_id = self.bot.keep_file("voice/voice.oga", data)
        voice = {"file_id": file_id, "file_unique_id": "v", "duration": 2, "mime_type": "audio/ogg"}
        return self.sends(voice=voice | {"file_size": len(data)})

    def sends_location(self, latitude: float, longitude: float) -> dict[str, Any]:
        """A place."""
        return self.sends(location={"latitude": latitude, "longitude": longitude})

    def blocks(self) -> None:
        """Stop the bot: nothing reaches this person any more."""
        self.bot.blocked.add(self.id)
        self._membership("member", "kicked")

    def unblocks(self) -> None:
        """Let the bot write again."""
        self.bot.blocked.discard(self.id)
        self._membership("kicked", "member")

    def _membership(self, old: str, new: str) -> None:
        def member(status: str) -> dict[str, Any]:
            return {"user": self.bot.me(), "status": status} | ({"until_date": 0} if status == "kicked" else {})

        self.bot.push(
            "my_chat_member",
            {
                "chat": self.bot.chats[self.id],
                "from": self._user(),
                "date": int(time.time()),
                "old_chat_member": member(old),
                "new_chat_member": member(new),
            },
        )
