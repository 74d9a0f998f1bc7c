# SPDX-License-Identifier: MIT
"""A machine of its own to install into and to boot: an overlay over this one's
root, with systemd as process 1 and no network but its own loopback.

Whatever happens, nothing of it stays. Everything runs in a mount namespace and
a process namespace that end with the process that asked for them, also if that
is killed; all that is written goes to a tmpfs in there. What the kernel would
keep are control groups, empty ones: they have our process id in their name, and
whoever comes next takes away those of the dead.
"""

import ctypes
import glob
import os
import shutil
import signal
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
CLONE_NEWNET = 0x40000000

INSIDE = "PRESENCED_CHECK_SYSTEMD_INSIDE"
# In the namespace this is a tmpfs; nspawn's own traces fall into it too.
RUN = "/run"
CGROUP_PREFIX = "presenced-check."
# For a machine that does many other things at once.
PATIENCE = 120

TOOLS = ("systemd-nspawn", "nsenter", "unshare", "systemd-analyze", "journalctl")

# What a boot into basic.target would start, and nobody here needs.
MASKED = (
    "timers.target",
    "paths.target",
    "dev-hugepages.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "sys-fs-fuse-connections.mount",
    "systemd-sysctl.service",
    "systemd-update-utmp.service",
    "systemd-journal-catalog-update.service",
    "systemd-firstboot.service",
    "ldconfig.service",
    "systemd-hwdb-update.service",
    "systemd-binfmt.service",
    "systemd-networkd.socket",
)


class CannotRun(Exception):
    """This machine cannot boot another; the text says why."""


def end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def check_tools():
    if os.geteuid() != 0:
        raise CannotRun("only root can boot a container")
    for tool in TOOLS:
        if not shutil.which(tool):
            raise CannotRun("there is no %s here" % tool)
    probe = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "none", RUN],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if probe.returncode != 0:
        raise CannotRun("no namespaces: " + probe.stderr.decode().strip())


# ---- outside: namespaces and control groups ----


def cgroup_mounts():
    """Where systemd would make groups: a v1 hierarchy of its own, and v2's."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        for line in file:
            left, right = line.split(" - ")
            kind, _, options = right.split(" ", 2)
            if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options):
                yield left.split(" ")[4]


def own_group(mount):
    """The directory of our group in the hierarchy mounted there."""
    is_v1 = mount.endswith("systemd")
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        for line in file:
            number, names, path = line.rstrip("\n").split(":", 2)
            if (names == "name=systemd") if is_v1 else (number == "0"):
                inside = os.path.join(mount, path.lstrip("/"))
                return inside if os.path.isdir(inside) else mount
    return mount


def remove_group(top):
    for directory, _, _ in os.walk(top, topdown=False):
        try:
            os.rmdir(directory)
        except OSError:
            pass  # somebody in it is still ending


def is_alive(pid):
    return pid.isdigit() and os.path.exists("/proc/" + pid)


def make_groups():
    """Groups with nobody else in them: nspawn moves what is beside it."""
    made = []
    for mount in cgroup_mounts():
        parent = own_group(mount)
        for old in glob.glob(os.path.join(parent, CGROUP_PREFIX + "*")):
            if not is_alive(old.rsplit(".", 1)[1]):
                remove_group(old)
        group = os.path.join(parent, CGROUP_PREFIX + str(os.getpid()))
        try:
            os.mkdir(group)
        except OSError as error:
            raise CannotRun("no control group in %s: %s" % (mount, error)) from error
        made.append(group)
    return made


def enter_groups(groups):
    for group in groups:
        with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write("0\n")


def run_inside(words):
    """Runs words in namespaces of their own, with INSIDE set; its status."""
    groups = make_groups()

    def prepare():
        end_with_parent()
        enter_groups(groups)

    try:
        inside = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "--pid", "--fork"]
            + ["--mount-proc", "--kill-child", *words],
            stdin=subprocess.DEVNULL,
            env={**os.environ, INSIDE: "yes"},
            preexec_fn=prepare,
        )
        try:
            return inside.wait()
        finally:
            inside.kill()
            inside.wait()
    finally:
        for _ in range(50):
            for group in groups:
                remove_group(group)
            if not any(map(os.path.exists, groups)):
                break
            time.sleep(0.1)


# ---- inside ----


def run(words, **options):
    """Runs a command to its end; the completed process, with its output."""
    options.setdefault("check", True)
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=PATIENCE,
        **{**options, "check": False},
    )
    if options["check"] and done.returncode != 0:
        raise AssertionError(
            "%s: status %d\n%s" % (" ".join(words), done.returncode, done.stdout)
        )
    return done


def eventually(what, condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.05)


class Machine:
    """Installed into by put() and make_install(), then booted once."""

    def __init__(self):
        self.top = os.path.join(RUN, "machine")
        self.root = os.path.join(self.top, "root")
        self.console = os.path.join(self.top, "console")
        self.nspawn = None
        self.pid = None
        self.mount()

    def mount(self):
        run(["mount", "-t", "tmpfs", "-o", "mode=0755", "none", RUN])
        for name in ("upper", "work", "root"):
            os.makedirs(os.path.join(self.top, name))
        run(
            ["mount", "-t", "overlay", "overlay", self.root, "-o"]
            + ["lowerdir=/,upperdir=%s/upper,workdir=%s/work" % (self.top, self.top)]
        )
        units = os.path.join(self.root, "etc/systemd/system")
        os.makedirs(units, exist_ok=True)
        for unit in MASKED:
            self.mask(os.path.join(units, unit))
        self.put(
            "etc/systemd/journald.conf.d/check.conf",
            "[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n",
        )

    @staticmethod
    def mask(path):
        if os.path.lexists(path):
            os.unlink(path)
        os.symlink("/dev/null", path)

    def path(self, path):
        """A file of the machine's, as it is reached from here."""
        root = "/proc/%d/root" % self.pid if self.pid else self.root
        return os.path.join(root, path.lstrip("/"))

    def put(self, path, text, mode=0o644):
        path = self.path(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def install(self, source, path):
        shutil.copy(source, self.path(path))

    def make_install(self, build):
        run(["make", "-s", "-C", build, "install", "DESTDIR=" + self.root])

    def boot(self):
        with open(self.console, "wb") as console:
            self.nspawn = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--boot", "--directory", self.root]
                + ["--machine=presenced-check", "--register=no", "--keep-unit"]
                + ["--private-network", "--link-journal=no", "--console=pipe"]
                + ["systemd.unit=basic.target", "systemd.show_status=no"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                preexec_fn=end_with_parent,
            )
        try:
            self.pid = eventually("process 1", self.find_init)
            eventually("basic.target", self.is_up)
        except AssertionError as error:
            raise AssertionError("%s\n%s" % (error, self.console_text())) from error

    def console_text(self):
        with open(self.console, encoding="utf-8", errors="replace") as file:
            return file.read()[-8000:]

    def find_init(self):
        if self.nspawn.poll() is not None:
            raise AssertionError("nspawn ended with %d" % self.nspawn.returncode)
        for path in glob.glob("/proc/%d/task/*/children" % self.nspawn.pid):
            with open(path, encoding="ascii") as file:
                for pid in file.read().split():
                    with open("/proc/%s/comm" % pid, encoding="utf-8") as comm:
                        if comm.read().strip() == "systemd":
                            return int(pid)
        return None

    def is_up(self):
        state = self.run("systemctl", "is-active", "basic.target", check=False)
        return state.stdout.strip() == "active"

    def end(self):
        """Harsh: there is nothing in it to be kept."""
        if self.nspawn:
            self.nspawn.kill()
            self.nspawn.wait()

    def run(self, *words, **options):
        return run(["nsenter", "-t", str(self.pid), "-a", *words], **options)

    def said(self, *words):
        return self.run(*words).stdout

    def enter_network(self):
        """Of the calling thread; what it opens is the machine's."""
        with open("/proc/%d/ns/net" % self.pid, "rb") as namespace:
            if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")


def main(argv):
    """For a look around: boots one, and runs the words in it."""
    machine = Machine()
    machine.boot()
    print(machine.run(*argv, check=False).stdout)
    machine.end()
    return 0


if __name__ == "__main__":
    if os.environ.get(INSIDE):
        sys.exit(main(sys.argv[1:]))
    sys.exit(run_inside([sys.executable, *sys.argv]))
