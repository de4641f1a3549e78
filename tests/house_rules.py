"""The rules of the house that no linter knows, each a function from one parsed file to what is wrong in it.

`tests/test_house.py` runs every rule over the tree, and over a good and a bad example of its own.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("switchboard", "webhooks", "portal", "inbox", "bot", "channels", "core")
DRIVER = {"motor", "pymongo", "bson", "gridfs"}
MAIL = {"aiosmtplib", "imap_tools"}
DRAWERS = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "base",
    "manager",
    "service",
    "misc",
    "shared",
    "lib",
    "tools",
}
LONGEST, LONGEST_TEST = 450, 600  # lines; at about 350 a file wants to be two


@dataclass(frozen=True)
class File:
    """One Python file: its path in the repository and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @property
    def ours(self) -> bool:
        """In one of the rooms, rather than in tests or benchmarks."""
        return self.path.split("/")[0] in ROOMS

    @property
    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and full name of everything imported."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


Rule = Callable[[File], Iterator[str]]


def files() -> list[File]:
    """Every Python file of the repository."""
    folders = (*ROOMS, "tests", "benchmarks")
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [File(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


def environment_only_in_settings(file: File) -> Iterator[str]:
    """The environment is read in one place, so that every setting is documented and checked at start."""
    if not file.ours or file.path == "core/settings.py":
        return
    for node in file.nodes:
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}:
            yield f"{file.path}:{node.lineno} reads the environment; take it from core.settings"
    for line, name in file.imports:
        if name in {"os.environ", "os.getenv"}:
            yield f"{file.path}:{line} reads the environment; take it from core.settings"


def no_naive_datetimes(file: File) -> Iterator[str]:
    """A time without its zone is a different time on the next machine."""
    for node in file.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = ast.unparse(node.func.value)
        if owner.split(".")[-1] not in {"datetime", "date"}:
            continue
        name = node.func.attr
        zoned = any(keyword.arg in {"tz", "tzinfo"} for keyword in node.keywords)
        enough = {"now": 1, "fromtimestamp": 2}.get(name)
        if name in {"utcnow", "utcfromtimestamp", "today"} or (
            enough is not None and len(node.args) < enough and not zoned
        ):
            yield f"{file.path}:{node.lineno} {owner}.{name}() without a zone; pass UTC"


def one_time_for_all(file: File) -> Iterator[str]:
    """What is stored, or compared with what is, goes by the time all hubs agree on (`core/clock.py`)."""
    if not file.path.startswith(("core/", "portal/", "inbox/", "bot/")):
        return
    for node in file.nodes:
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-2:] == ["datetime", "now"]:
            yield f"{file.path}:{node.lineno} asks this machine for the time; take core.clock.now()"


def no_channel_named_outside_adapters(file: File) -> Iterator[str]:
    """What differs between channels is in their capabilities and protocols, not in comparisons with a name."""
    if not file.ours or file.path.startswith("channels/"):
        return

    def channel(side: ast.expr) -> bool:
        return (isinstance(side, ast.Name) and side.id == "channel") or (
            isinstance(side, ast.Attribute) and side.attr == "channel"
        )

    def literal(side: ast.expr) -> bool:
        if isinstance(side, ast.Tuple | ast.Set | ast.List):
            return any(literal(each) for each in side.elts)
        return isinstance(side, ast.Constant) and isinstance(side.value, str) and bool(side.value)

    for node in file.nodes:
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(map(channel, sides)) and any(map(literal, sides)):
                yield f"{file.path}:{node.lineno} compares a channel with a name; ask for a capability or a protocol"
        elif isinstance(node, ast.Match) and channel(node.subject):
            yield f"{file.path}:{node.lineno} matches a channel by name; ask for a capability or a protocol"


def driver_only_in_stores(file: File) -> Iterator[str]:
    """Replacing the driver must stay a change of one file and the stores."""
    allowed = file.path in {"core/database.py", "core/driver.py", "core/mongod.py"} or file.path.endswith("/store.py")
    if not file.ours or allowed:
        return
    for line, name in file.imports:
        if name.split(".")[0] in DRIVER:
            yield f"{file.path}:{line} imports {name}; only core/database.py and store.py files know the driver"


def each_library_in_its_place(file: File) -> Iterator[str]:
    """A provider's library is known to its adapter alone, the web framework to the rooms with a door."""
    if not file.ours:
        return
    for line, name in file.imports:
        library = name.split(".")[0]
        if library == "aiogram" and not file.path.startswith("channels/telegram"):
            yield f"{file.path}:{line} imports aiogram; only channels/telegram does"
        if library in MAIL and not file.path.startswith("channels/email"):
            yield f"{file.path}:{line} imports {library}; only channels/email does"
        if library == "aiohttp" and file.path.split("/")[0] in {"core", "bot"}:
            yield f"{file.path}:{line} imports aiohttp; core and bot know nothing of HTTP"
        if name.startswith("aiohttp.web") and file.path.split("/")[0] not in {
            "webhooks",
            "portal",
            "inbox",
            "switchboard",
        }:
            yield f"{file.path}:{line} imports aiohttp.web; only the rooms with a door do"


def no_drawers(file: File) -> Iterator[str]:
    """If it has no name, it has no module."""
    for part in Path(file.path).with_suffix("").parts:
        if part.strip("_") in DRAWERS:
            yield f"{file.path} is a drawer; name it for what it does"


def folders_say_what_belongs_there(file: File) -> Iterator[str]:
    """A newcomer reads the first lines of a folder and knows what may be put in it."""
    if file.ours and file.path.endswith("__init__.py"):
        words = (ast.get_docstring(file.tree) or "").split()
        if len(words) < 5:
            yield f"{file.path} has no docstring that says what belongs in its folder"


def imports_stand_at_the_top(file: File) -> Iterator[str]:
    """An import inside a function hides a cycle. Exempt: the command line, and adapters whose library is slow."""
    if not file.ours or file.path.startswith(("switchboard/", "channels/")):
        return
    for function in file.nodes:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield f"{file.path}:{node.lineno} imports inside {function.name}()"


def exemptions_have_a_reason(file: File) -> Iterator[str]:
    """Whoever silences a checker says beside it why."""
    for token in tokenize.generate_tokens(io.StringIO(file.text).readline):
        found = re.match(r"#\s*(?:noqa|type:\s*ignore)\b(.*)", token.string)
        if token.type == tokenize.COMMENT and found:
            code, _, reason = re.sub(r"^(\[[\w, -]+\]|:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)", r"\1|", found[1]).partition("|")
            if not code or len(re.findall(r"\w+", reason)) < 2:
                yield f"{file.path}:{token.start[0]} silences a checker without naming which rule and why"


def nothing_of_ours_is_patched(file: File) -> Iterator[str]:
    """A stand-in is a server on a socket; what is inside is tested as it is."""
    if file.ours:
        return
    own = {
        alias.asname or alias.name.split(".")[0]
        for node in file.nodes
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ROOMS)
        or (isinstance(node, ast.Import) and node.names[0].name.split(".")[0] in ROOMS)
        for alias in node.names
    }
    for line, name in file.imports:
        if name.split(".")[0] == "mock" or name.startswith("unittest.mock"):
            yield f"{file.path}:{line} imports {name}"
    for node in file.nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"setattr", "delattr"}
            and node.args
        ):
            target = node.args[0]
            if isinstance(target, ast.Constant):
                patched = str(target.value).split(".")[0] in ROOMS
            else:
                patched = ast.unparse(target).split(".")[0] in own
            if patched:
                yield f"{file.path}:{node.lineno} patches {ast.unparse(target)}"


SECRETS = re.compile(
    r"(^|_)(secret|token|signature|digest|password|passwd|hmac|mac|csrf|seal|passphrase)$", re.IGNORECASE
)


def secrets_are_compared_in_constant_time(file: File) -> Iterator[str]:
    """How long `==` takes tells how much of a guess was right; `hmac.compare_digest` tells nothing."""
    if not file.ours:
        return

    def secret(side: ast.expr) -> bool:
        if isinstance(side, ast.Call):
            called = ast.unparse(side.func).rpartition(".")[2]
            return called in {"hexdigest", "digest"} or bool(SECRETS.search(called))
        if isinstance(side, ast.Subscript):
            return isinstance(side.slice, ast.Constant) and bool(SECRETS.search(str(side.slice.value)))
        name = side.attr if isinstance(side, ast.Attribute) else side.id if isinstance(side, ast.Name) else ""
        return bool(SECRETS.search(name))

    def plain(side: ast.expr) -> bool:
        """What is written in the code is no secret: nothing, an empty text, a word."""
        return isinstance(side, ast.Constant | ast.Tuple)

    for node in file.nodes:
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
            sides = [node.left, *node.comparators]
            against = node.comparators if isinstance(node.ops[0], ast.In | ast.NotIn) else sides
            keyed = isinstance(node.ops[0], ast.In | ast.NotIn) and not isinstance(against[0], ast.List | ast.Tuple)
            if not keyed and any(map(secret, sides)) and not any(map(plain, sides)):
                yield f"{file.path}:{node.lineno} compares a secret with ==; use hmac.compare_digest"


def files_are_short(file: File) -> Iterator[str]:
    """A file that scrolls for ever is two files."""
    lines = file.text.count("\n")
    if lines > (LONGEST if file.ours else LONGEST_TEST):
        yield f"{file.path} has {lines} lines; at about 350 a file wants to be two"


RULES: tuple[Rule, ...] = (
    environment_only_in_settings,
    no_naive_datetimes,
    one_time_for_all,
    no_channel_named_outside_adapters,
    driver_only_in_stores,
    each_library_in_its_place,
    no_drawers,
    folders_say_what_belongs_there,
    imports_stand_at_the_top,
    exemptions_have_a_reason,
    nothing_of_ours_is_patched,
    secrets_are_compared_in_constant_time,
    files_are_short,
)
