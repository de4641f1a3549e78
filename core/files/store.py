"""Every query on the file store (GridFS)."""

from __future__ import annotations

import asyncio
import hashlib

from gridfs.errors import NoFile
from motor.motor_asyncio import AsyncIOMotorGridFSBucket

from core.database import Database, away, cannot_store
from core.errors import CannotStore

# So many files are written at once: each takes several round trips, and messages share the same connections.
AT_ONCE = 4
PATIENCE = 5.0


class Files:
    """Bytes by their hash, which is the file's name in GridFS.

    Two uploads of the same bytes at once may keep them twice, which costs space and nothing else; a crash in mid
    upload leaves chunks no file refers to, and the next upload is whole.
    """

    def __init__(self, database: Database) -> None:
        self._bucket = AsyncIOMotorGridFSBucket(database.motor, bucket_name="files")
        self._writing = asyncio.Semaphore(AT_ONCE)

    async def put(self, data: bytes) -> str:
        """Keep `data`; returns its SHA-256 in hex. Keeping the same bytes again writes nothing. Raises CannotStore."""
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._writing.acquire()
        except TimeoutError:
            raise CannotStore(
                "More files are arriving than can be stored; please send it again.", code="busy"
            ) from None
        try:
            if not await self.has(sha256):
                await self._bucket.upload_from_stream(sha256, data)
        except Exception as error:
            if away(error):
                raise cannot_store(error) from error
            raise
        finally:
            self._writing.release()
        return sha256

    async def has(self, sha256: str) -> bool:
        """Whether the bytes are here, whole."""
        async for _ in self._bucket.find({"filename": sha256}, limit=1):
            return True
        return False

    async def remove(self, sha256: str) -> bool:
        """Delete the bytes; False when there are none. The caller knows that nothing refers to them any more."""
        found = [file._id async for file in self._bucket.find({"filename": sha256})]
        for id in found:
            await self._bucket.delete(id)
        return bool(found)

    async def get(self, sha256: str) -> bytes | None:
        """The bytes, or None."""
        try:
            stream = await self._bucket.open_download_stream_by_name(sha256)
        except NoFile:
            return None
        return bytes(await stream.read())
