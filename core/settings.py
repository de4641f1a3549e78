"""Every setting of the hub: read once at start from `SWITCHBOARD_*` variables and `.env`, checked, then frozen.

Nothing else reads the environment. `.env.example` describes each setting for operators. Importing this module costs
a quarter of a second (pydantic), so `switchboard --help` does not.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import secrets
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from phonenumbers.phonenumberutil import SUPPORTED_REGIONS
from pydantic import BeforeValidator, ByteSize, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import SetupError

PREFIX = "SWITCHBOARD_"
Language = Literal["en", "ru", "uk"]
_HIDDEN = {"secret_key", "secret_keys_old", "mongodb_uri", "metrics_token"}  # never printed, not even when wrong


def _listed(value: object) -> object:
    """A setting written as `a, b` taken apart; anything else as it is."""
    if isinstance(value, str):
        return tuple(part for part in re.split(r"[,\s]+", value) if part)
    return value


def _by_commas(value: object) -> object:
    """As `_listed`, where the parts may hold spaces."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _networks(value: object) -> object:
    listed = _listed(value)
    if isinstance(listed, tuple):
        return tuple(ip_network(part, strict=False) for part in listed)
    return listed


def _sized(value: object) -> object:
    """`10 MB` means what people mean by it, 10 × 1024 × 1024 bytes; a bare number is bytes."""
    if isinstance(value, str):
        return re.sub(r"(?i)^\s*([\d.]+)\s*([km])i?b?\s*$", r"\1\2ib", value)
    return value


# Where an operator's own machines are, unless told otherwise: this one, and private networks (RFC 1918, RFC 4193).
OWN = tuple(map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")))


class Settings(BaseSettings):
    """What an operator decides. Frozen; made with `Settings.load()`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(8080, ge=0, le=65535)
    data: Path = Path("data")
    mongodb_uri: str | None = Field(None, repr=False)
    database: str = "switchboard"
    mongod: Path | None = None
    role: Annotated[Literal["all", "web", "worker"], BeforeValidator(_lower)] = "all"
    public_url: str | None = None
    secret_key: SecretStr | None = None
    secret_keys_old: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_by_commas)] = ()
    languages: Annotated[tuple[Language, ...], NoDecode, BeforeValidator(_listed)] = ("en", "ru", "uk")
    country: Annotated[str, BeforeValidator(_upper)] = "UA"
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)] = ()
    max_body: Annotated[ByteSize, BeforeValidator(_sized)] = Field(ByteSize(10 * 1024**2), ge=1024, le=100 * 1024**2)
    request_seconds: float = Field(30, ge=0.5, le=3600)
    metrics_from: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)] = OWN
    private_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)] = ()
    smtp_listen: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    lmtp_listen: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    smtp_name: str | None = None
    smtp_tls_certificate: Path | None = None
    smtp_tls_key: Path | None = None
    smtp_max_mail: Annotated[ByteSize, BeforeValidator(_sized)] = Field(
        ByteSize(50 * 1024**2), ge=1024, le=200 * 1024**2
    )
    dns_servers: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    log_format: Annotated[Literal["console", "json"], BeforeValidator(_lower)] = "console"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    session_hours: float = Field(12, gt=0, le=24 * 365)
    sample_data: bool | None = None
    metrics_token: SecretStr | None = None
    lease_seconds: float = Field(30, ge=1, le=3600)
    send_seconds: float = Field(60, ge=1, le=3600)
    drain_seconds: float = Field(0, ge=0, le=600)
    slow_seconds: float = Field(20, ge=1, le=600)
    # Addresses in hand in each lane. A line alone may have four fifths of them (core/queues.py).
    concurrency: int = Field(100, ge=1, le=1000)
    crash_at: str = Field("", pattern=r"^([a-z_.]+(:[1-9][0-9]*)?)?$")

    @property
    def private_mongodb(self) -> bool:
        """True when the hub runs its own MongoDB under the data folder."""
        return self.mongodb_uri is None

    @property
    def wants_sample_data(self) -> bool:
        """Whether an empty database gets sample data: as set, else only in the private MongoDB."""
        return self.private_mongodb if self.sample_data is None else self.sample_data

    @property
    def crash_step(self) -> tuple[str, int] | None:
        """`("receive", 2)` when a test wants the process to die at the second passing of that step, else None."""
        step, _, count = self.crash_at.partition(":")
        return (step, int(count or 1)) if step else None

    @field_validator("smtp_listen", "lmtp_listen")
    @classmethod
    def _places(cls, places: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for place in places:
            if "/" in place and info.field_name == "lmtp_listen" and "\0" not in place:
                continue
            host, _, port = place.rpartition(":")
            if not host or not (port.isascii() and port.isdigit() and int(port[:6]) < 65536):
                local = ", or /path/of/socket" if info.field_name == "lmtp_listen" else ""
                raise ValueError(f"must look like 0.0.0.0:25{local}")
        return places

    @field_validator("smtp_name")
    @classmethod
    def _host_name(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", name):
            raise ValueError("must be a host name, such as mx.example.org")
        return name

    @field_validator("dns_servers")
    @classmethod
    def _resolvers(cls, servers: tuple[str, ...]) -> tuple[str, ...]:
        for server in servers:
            try:
                dns_server(server)
            except ValueError:
                raise ValueError("must be IP addresses, such as 127.0.0.1 or 127.0.0.1:5353") from None
        return servers

    @field_validator("smtp_tls_certificate", "smtp_tls_key")
    @classmethod
    def _readable(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("there is no file at that path")
        return path

    @field_validator("data", "mongod")
    @classmethod
    def _absolute(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None:
            return None
        if "\0" in str(path):
            raise ValueError("this cannot be a path")
        path = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - absolute() would keep the `..`
        if info.field_name == "data" and path.exists() and not path.is_dir():
            raise ValueError("must be a folder, and there is a file of that name")
        if info.field_name == "mongod" and not (path.is_file() and os.access(path, os.X_OK)):
            raise ValueError("there is no program at that path")
        return path

    @field_validator("mongodb_uri")
    @classmethod
    def _uri(cls, uri: str | None) -> str | None:
        if uri is not None and not re.match(r"mongodb(\+srv)?://[^/?]", uri):
            raise ValueError("must look like mongodb://user:password@host:27017/?replicaSet=name")
        return uri

    @field_validator("database")
    @classmethod
    def _database(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,38}", name):
            raise ValueError("must be 1 to 38 letters, digits, - or _")
        return name

    @field_validator("public_url")
    @classmethod
    def _public(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username
        ):
            raise ValueError("must look like https://hub.example.org")
        return url.rstrip("/")

    @field_validator("secret_key")
    @classmethod
    def _key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < 32:
            raise ValueError("must be at least 32 characters; leave it out to have one made in the data folder")
        return key

    @field_validator("metrics_token")
    @classmethod
    def _token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not re.fullmatch(r"[!-~]{16,}", token.get_secret_value()):
            raise ValueError("must be at least 16 characters without spaces")
        return token

    @field_validator("secret_keys_old")
    @classmethod
    def _old_keys(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < 32 for key in keys):
            raise ValueError("must be former secret keys, separated by commas, each at least 32 characters")
        return keys

    @field_validator("languages")
    @classmethod
    def _languages(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        if not languages or len(set(languages)) < len(languages):
            raise ValueError("must name each language once, the default first: en,ru,uk")
        return languages

    @field_validator("country")
    @classmethod
    def _country(cls, country: str) -> str:
        if country not in SUPPORTED_REGIONS:
            raise ValueError("must be the two letters of a country, such as UA")
        return country

    @classmethod
    def load(cls, env_file: Path | None = Path(".env"), /, **overrides: object) -> Self:
        """The settings: `overrides` (None means not given) before the environment before `env_file`.

        Raises SetupError, one for everything that is wrong, naming each key and what it takes.
        """
        given = {name: value for name, value in overrides.items() if value is not None}
        written = _dotenv(env_file)
        complaints = [
            *(_unknown(key) for key in sorted({*os.environ, *written}) if _is_unknown(key, cls.model_fields)),
            *(_unknown(name) for name in sorted(given) if name not in cls.model_fields),
        ]
        try:
            settings = cls(_env_file=env_file, **given)  # type: ignore[arg-type]  # pydantic checks what mypy cannot
        except ValidationError as error:
            complaints += _complaints(error, given)
        if complaints:
            listed = "\n".join(f"  {line}" for line in complaints)
            raise SetupError(
                f"Some settings need correcting:\n{listed}\n"
                "Correct them in the environment, in .env or on the command line; .env.example describes each one."
            )
        return settings


def _dotenv(path: Path | None) -> Mapping[str, str | None]:
    if path is None or not path.is_file():
        return {}
    try:
        return dotenv_values(path, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise SetupError(f"{path} cannot be read: {reason}. Correct or remove it.") from None


def _is_unknown(key: str, fields: Mapping[str, object]) -> bool:
    return key.upper().startswith(PREFIX) and key.upper().removeprefix(PREFIX).lower() not in fields


def _unknown(key: str) -> str:
    bare = key.upper().removeprefix(PREFIX)
    near = difflib.get_close_matches(bare, [name.upper() for name in Settings.model_fields], n=1)
    return f"{key}: there is no such setting" + (f"; did you mean {PREFIX}{near[0]}?" if near else "")


def _complaints(error: ValidationError, given: Mapping[str, object]) -> list[str]:
    """One line for each wrong setting, with what it is now unless that is secret."""
    lines: dict[str, str] = {}
    for fault in error.errors(include_input=True, include_url=False):
        name = str(fault["loc"][0])
        where = f"--{name.replace('_', '-')}" if name in given else PREFIX + name.upper()
        words = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "string_pattern_mismatch":
            words = "must be the name of a step, or step:2"
        shown = "" if name in _HIDDEN else f" (it is {str(fault['input'])[:80]!r})"
        lines.setdefault(name, f"{where}: {words[:1].lower()}{words[1:]}{shown}")
    return list(lines.values())


def dns_server(text: str) -> tuple[str, int]:
    """The address and port in `127.0.0.1`, `127.0.0.1:5353`, `::1` or `[::1]:5353`. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or ("[" not in text and text.count(":") > 1):
        host, port = text, "53"
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise ValueError(text)
    return str(ip_address(host.strip("[]"))), int(port)


def secret_key(settings: Settings) -> bytes:
    """The key everything secret is derived from: the setting, else `secret.key` in the data folder, made when missing.

    At least 32 bytes. Raises SetupError when the file cannot be made, read or trusted.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    path = settings.data / "secret.key"
    try:
        key = kept_secret(path)
    except OSError as error:
        raise SetupError(
            f"The secret key cannot be kept in {path}: {error.strerror}. "
            "Make the data folder writable, or choose another with --data."
        ) from None
    if len(key) < 32:
        raise SetupError(
            f"The secret key in {path} is cut short. Put it back from a backup; without it, stored passwords of lines "
            "cannot be read. To start with a new one, remove the file."
        )
    return key.encode()


def kept_secret(path: Path) -> str:
    """The secret in the file at `path`, made there (mode 600) when missing; safe with two processes at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # another process was faster; its secret is the one
                os.link(fresh, path)
        finally:
            fresh.unlink()
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return path.read_text(encoding="ascii", errors="replace").strip()


def environment_secret(variable: str) -> str:
    """The value of an environment variable an operator names on the command line; empty when it is not set."""
    return os.environ.get(variable, "").strip()
