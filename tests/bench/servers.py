# SPDX-License-Identifier: MIT
"""The servers that presenced is held against, each on a Unix socket in the bench's
directory, and what the kernel says any of them used.

Each server knows how its value is asked for: request, and how many newlines end
the reply."""

import os
import shutil
import socket
import subprocess

from e2e.harness import BUILD, Process, eventually

BARE = os.path.join(BUILD, "tests/bench/bare")
TICKS = os.sysconf("SC_CLK_TCK")
HERE_NOW = '{"jsonrpc":"2.0","id":1,"method":"here_now","params":{"channels":"%s"}}\n'
# What each of them is called in Debian.
PACKAGES = {"redis-server": "redis-server", "memcached": "memcached"}


def is_here(program):
    return shutil.which(program) is not None


def version(program):
    said = subprocess.run([program, "--version"], stdout=subprocess.PIPE, check=True).stdout
    words = said.decode().replace("v=", "").split()
    return next(word for word in words if word[0].isdigit())


def cpu_seconds(pid):
    """Of all its threads so far. To the nanosecond if the kernel tells, else in
    steps of a hundredth of a second."""
    try:
        total = 0
        for thread in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, thread), encoding="ascii") as file:
                total += int(file.read().split()[0])
        if total:
            return total / 1e9
    except FileNotFoundError:
        pass
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def anonymous_bytes(pid):
    """Memory that is its own: the heap and the stacks, not the program's text."""
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
        for line in file:
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no Anonymous in smaps_rollup")


class Server(Process):
    """One that is ended by a signal, whatever status it ends with."""

    def __init__(self, bench, name, words, path):
        self.path = path
        log = bench.path(name + ".log")
        super().__init__(name, words, log, stdout=subprocess.DEVNULL)
        eventually(name, self.is_listening)

    def is_listening(self):
        if not self.is_running():
            self.fail("did not begin")
        try:
            with self.connect():
                return True
        except (FileNotFoundError, ConnectionRefusedError, PermissionError):
            return False

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self.path)
        except OSError:
            connection.close()
            raise
        return connection

    def tell(self, data, expected, n=1):
        """Sends this and hears that, n times."""
        with self.connect() as connection, connection.makefile("rb") as lines:
            connection.sendall(data)
            for _ in range(n):
                said = lines.readline()
                if said != expected:
                    raise AssertionError("%s says %r" % (self.name, said))

    def end(self):
        if self.process.returncode is None:
            self.kill()


class Redis(Server):
    request = "*2\r\n$3\r\nGET\r\n$5\r\nlobby\r\n"
    n_lines = 2

    def __init__(self, bench):
        path = bench.path("redis")
        words = ["redis-server", "--port", "0", "--unixsocket", path, "--save", ""]
        words += ["--appendonly", "no", "--dir", bench.directory]
        super().__init__(bench, "redis-server", words, path)

    def set(self, value):
        self.tell(b"*3\r\n$3\r\nSET\r\n$5\r\nlobby\r\n$%d\r\n%s\r\n" % (len(value), value), b"+OK\r\n")

    def add_members(self, name, members):
        words = [b"SADD", name.encode(), *(member.encode() for member in members)]
        command = b"*%d\r\n" % len(words)
        command += b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        self.tell(command, b":%d\r\n" % len(members))


class Memcached(Server):
    """With one thread that serves, as the others have."""

    request = "get lobby\r\n"
    n_lines = 3

    def __init__(self, bench):
        path = bench.path("memcached")
        words = ["memcached", "-s", path, "-t", "1", "-c", "2048", "-m", "64"]
        if os.geteuid() == 0:
            words += ["-u", "root"]
        super().__init__(bench, "memcached", words, path)

    def set(self, value):
        self.tell(b"set lobby 0 0 %d\r\n%s\r\n" % (len(value), value), b"STORED\r\n")


class Bare(Server):
    """An epoll loop that answers each line with the same bytes."""

    request = HERE_NOW % "lobby"
    n_lines = 1

    def __init__(self, bench, answer):
        path, file = bench.path("bare"), bench.path("bare.answer")
        with open(file, "wb") as out:
            out.write(answer)
        super().__init__(bench, "bare", [BARE, path, file], path)
