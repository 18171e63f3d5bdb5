"""The few commands that can be run in a simulated container.

They answer from the pod's own spec and files. Everything else is refused as a container without that program refuses
it: not found, exit code 127.
"""

import posixpath
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ai4k8s_simcluster.pods.inside import Inside

NOT_FOUND = 127
_USAGE = 2
_MISUSE = 1
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+)|(\?))")
_SEPARATORS = {";", "&&", "||"}
_UNSUPPORTED = {"|", ">", "<", ">>", "&", "(", ")", "`"}


@dataclass(frozen=True, slots=True)
class Result:
    """What a command wrote, and its exit code."""

    stdout: str = ""
    stderr: str = ""
    code: int = 0


@dataclass
class Shell:
    """A process in a container: runs commands one after another and keeps variables and the directory."""

    inside: Inside
    now: Callable[[], float]
    directory: str = "/"
    variables: dict[str, str] = field(default_factory=dict)
    last_code: int = 0
    ended: bool = False

    def run(self, argv: Sequence[str]) -> Result:
        """Run a program with its arguments."""
        if not argv:
            return Result()
        name = posixpath.basename(argv[0])
        if name in {"sh", "bash", "ash"}:
            return self._shell(name, argv[1:])
        program = _PROGRAMS.get(name)
        if program is None:
            return Result(stderr=f"{argv[0]}: not found\n", code=NOT_FOUND)
        return program(self, argv[1:])

    def line(self, text: str) -> Result:
        """Run one line of a script: simple commands joined by `;`, `&&` and `||`."""
        try:
            lexer = shlex.shlex(text, posix=False, punctuation_chars=";&|<>()")
            lexer.whitespace_split = True
            words = list(lexer)
        except ValueError as error:
            return self._remember(Result(stderr=f"sh: syntax error: {error}\n", code=_USAGE))
        found = [word for word in words if word in _UNSUPPORTED]
        if found:
            return self._remember(Result(stderr=f"sh: '{found[0]}' is not supported here\n", code=_USAGE))
        return self._commands(words)

    def _commands(self, words: list[str]) -> Result:
        stdout = stderr = ""
        joint = ";"
        for command, following in _split(words):
            wanted = joint == ";" or (joint == "&&") == (self.last_code == 0)
            if command and wanted:
                done = self._remember(self._simple(command))
                stdout, stderr = stdout + done.stdout, stderr + done.stderr
            joint = following
            if self.ended:
                break
        return Result(stdout, stderr, self.last_code)

    def _simple(self, command: list[str]) -> Result:
        words = [self._expand(word) for word in command]
        name, equals, value = words[0].partition("=")
        if equals and name.isidentifier():
            self.variables[name] = value
            return Result()
        if words[0] == "exit":
            self.ended = True
            text = words[1] if len(words) > 1 else str(self.last_code)
            return Result(code=int(text) & 0xFF if text.lstrip("-").isdigit() else _USAGE)
        if words[0] == "cd":
            return self._change_directory(words[1] if len(words) > 1 else "/root")
        done = self.run(words)
        return Result(done.stdout, f"sh: {done.stderr}" if done.code == NOT_FOUND else done.stderr, done.code)

    def _change_directory(self, wanted: str) -> Result:
        path = self.absolute(wanted)
        if self.inside.listing(path) is None:
            return Result(stderr=f"sh: cd: can't cd to {wanted}: No such file or directory\n", code=_MISUSE)
        self.directory = path
        return Result()

    def _shell(self, name: str, arguments: Sequence[str]) -> Result:
        if len(arguments) > 1 and arguments[0].startswith("-") and arguments[0].endswith("c"):
            inner = Shell(self.inside, self.now, self.directory, dict(self.variables))
            stdout = stderr = ""
            for line in arguments[1].splitlines():
                done = inner.line(line)
                stdout, stderr = stdout + done.stdout, stderr + done.stderr
                if inner.ended:
                    break
            return Result(stdout, stderr, inner.last_code)
        if not arguments or arguments[0] in {"-i", "-l"}:
            return Result()
        return Result(stderr=f"{name}: can't open '{arguments[0]}'\n", code=_USAGE)

    def _expand(self, word: str) -> str:
        if word.startswith("'") and word.endswith("'") and len(word) > 1:
            return word[1:-1]
        bare = word.replace('"', "").replace("'", "") if "'" not in word else "".join(shlex.split(word))
        values = self.values()

        def value(match: re.Match[str]) -> str:
            return str(self.last_code) if match[3] else values.get(match[1] or match[2], "")

        return _VARIABLE.sub(value, bare)

    def values(self) -> Mapping[str, str]:
        """Return the variables as they stand."""
        return {**self.inside.environment, **self.variables}

    def absolute(self, path: str) -> str:
        """Return a path from the root."""
        return posixpath.normpath(posixpath.join(self.directory, path))

    def _remember(self, done: Result) -> Result:
        self.last_code = done.code
        return done


def _split(words: list[str]) -> list[tuple[list[str], str]]:
    """Cut words into commands, each with what joins it to the next."""
    found: list[tuple[list[str], str]] = []
    command: list[str] = []
    for word in words:
        if word in _SEPARATORS:
            found.append((command, word))
            command = []
        else:
            command.append(word)
    return [*found, (command, ";")]


def _echo(_: Shell, arguments: Sequence[str]) -> Result:
    if arguments[:1] == ["-n"]:
        return Result(" ".join(arguments[1:]))
    return Result(" ".join(arguments) + "\n")


def _env(shell: Shell, arguments: Sequence[str]) -> Result:
    values = shell.inside.environment
    if not arguments:
        return Result("".join(f"{name}={value}\n" for name, value in values.items()))
    missing = any(name not in values for name in arguments)
    found = "".join(f"{values[name]}\n" for name in arguments if name in values)
    return Result(found, code=1 if missing else 0)


def _ls(shell: Shell, arguments: Sequence[str]) -> Result:
    paths = [argument for argument in arguments if not argument.startswith("-")] or ["."]
    stdout = stderr = ""
    for path in paths:
        full = shell.absolute(path)
        names = shell.inside.listing(full)
        if names is not None:
            stdout += "".join(f"{name}\n" for name in names)
        elif full in shell.inside.files:
            stdout += f"{path}\n"
        else:
            stderr += f"ls: {path}: No such file or directory\n"
    return Result(stdout, stderr, 1 if stderr else 0)


def _cat(shell: Shell, arguments: Sequence[str]) -> Result:
    stdout = stderr = ""
    for path in arguments:
        full = shell.absolute(path)
        if full in shell.inside.files:
            stdout += shell.inside.files[full]
        elif shell.inside.listing(full) is not None:
            stderr += f"cat: read error: Is a directory: {path}\n"
        else:
            stderr += f"cat: can't open '{path}': No such file or directory\n"
    return Result(stdout, stderr, 1 if stderr else 0)


def _date(shell: Shell, arguments: Sequence[str]) -> Result:
    moment = datetime.fromtimestamp(shell.now(), UTC)
    shape = next((argument[1:] for argument in arguments if argument.startswith("+")), "%a %b %e %H:%M:%S UTC %Y")
    return Result(moment.strftime(shape) + "\n")


def _constant(text: str = "", code: int = 0) -> Callable[[Shell, Sequence[str]], Result]:
    return lambda _shell, _arguments: Result(text, code=code)


_PROGRAMS: Mapping[str, Callable[[Shell, Sequence[str]], Result]] = {
    "cat": _cat,
    "date": _date,
    "echo": _echo,
    "env": _env,
    "printenv": _env,
    "false": _constant(code=1),
    "hostname": lambda shell, _: Result(f"{shell.inside.hostname}\n"),
    "id": _constant("uid=0(root) gid=0(root) groups=0(root)\n"),
    "ls": _ls,
    "pwd": lambda shell, _: Result(f"{shell.directory}\n"),
    "true": _constant(),
    "whoami": _constant("root\n"),
}
