#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Our servers and other people's clients: nothing is lost, nothing is left open, and who waits does not work.

test-peers.py LOAD ECHO-SERVER LINE-SERVER [HTTP-SERVER]

Nothing here waits for a time: it waits until a line has come, or until /proc says that something is so. The limit of a minute is for
what never comes.
"""

import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tidy"))
import tap                                                                               # noqa: E402

LOAD, ECHO, LINES = sys.argv[1:4]
HTTP = sys.argv[4] if len(sys.argv) > 4 else None
LIMIT = 60
TEXT = bytes(range(256)) * 4000
# More than a connection takes without a reader.
LARGE = TEXT * 20


def wait_until(what, condition):
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + LIMIT, f"waited {LIMIT} s until {what}"
        os.sched_yield()


class Server:
    """One of our programs, which has said where it listens."""

    def __init__(self, program, *arguments, descriptors=None):
        def prepare():
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors or hard, descriptors or hard))
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([program, *arguments], text=True, stdout=subprocess.PIPE, stderr=self.errors, preexec_fn=prepare)
        self.proc = pathlib.Path("/proc") / str(self.process.pid)
        self.port = int(re.search(r":(\d+)", self.process.stdout.readline())[1])
        self.settle()
        self.n_idle = self.count_descriptors()

    def count_descriptors(self):
        return len(os.listdir(self.proc / "fd"))

    def expect_descriptors(self, n):
        """So many more than when nobody was there."""
        wait_until(f"it has {n} connections (now {self.count_descriptors() - self.n_idle})",
                   lambda: self.count_descriptors() == self.n_idle + n)

    def get_ticks(self):
        """CPU time, in hundredths of a second."""
        fields = (self.proc / "stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def get_waits(self):
        """How often it went to sleep, and how often it was kept from running on."""
        found = re.findall(r"ctxt_switches:\s+(\d+)", (self.proc / "status").read_text())
        return int(found[0]), int(found[1])

    def settle(self):
        """Until it sleeps, and stays so: who looks 200 times finds that it has not run in between."""
        state = {"looks": 0, "waits": None}

        def is_settled():
            asleep = (self.proc / "stat").read_text().rpartition(")")[2].split()[0] == "S"
            waits = self.get_waits()
            state["looks"] = state["looks"] + 1 if asleep and waits == state["waits"] else 0
            state["waits"] = waits
            return state["looks"] >= 200
        wait_until("it waits without working", is_settled)

    def get_errors(self):
        self.errors.seek(0)
        return self.errors.read()

    def end(self, signals=(signal.SIGTERM,), allowed=None):
        """Ends it; returns the counts that it prints. What it complained about must be what is allowed."""
        for number in signals:
            self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=LIMIT)
        said = self.get_errors()
        self.errors.close()
        assert self.process.returncode == 0, f"it ended with {self.process.returncode}: {out}{said}"
        assert all(allowed and re.search(allowed, line) for line in said.splitlines() if line.strip()), said
        return {name: int(n) for name, n in re.findall(r"(\w+) (\d+)", out)}

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT)


def load(server, *arguments):
    """What the clients sent and received."""
    done = subprocess.run([LOAD, str(server.port), *map(str, arguments)], text=True, capture_output=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stderr
    return [int(n) for n in re.findall(r"\d+", done.stdout)]


class Idle:
    """Clients that are connected and do nothing, until they are let go."""

    def __init__(self, server, n):
        self.process = subprocess.Popen([LOAD, str(server.port), "idle", str(n)], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == f"connected {n}\n"

    def let_go(self):
        self.process.communicate("", timeout=LIMIT)
        assert self.process.returncode == 0


def need(program):
    if not shutil.which(program):
        raise tap.Skip(f"there is no {program} here")
    return program


def run_client(command, text):
    done = subprocess.run(command, input=text, capture_output=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_echo_with(command):
    server = Server(ECHO)
    assert run_client([*command, "127.0.0.1", str(server.port)], TEXT) == TEXT
    server.expect_descriptors(0)
    counts = server.end()
    assert counts == {"served": 1, "broken": 0, "in": len(TEXT), "out": len(TEXT)}, counts


def test_nc_gets_back_what_it_sends():
    need("nc")
    if "-N" not in subprocess.run(["nc", "-h"], capture_output=True, text=True, check=False).stderr:
        raise tap.Skip("this nc is not OpenBSD's")
    check_echo_with(["nc", "-N"])


def test_socat_gets_back_what_it_sends():
    need("socat")
    server = Server(ECHO)
    assert run_client(["socat", "-t", str(LIMIT), "-", f"TCP:127.0.0.1:{server.port}"], TEXT) == TEXT
    server.expect_descriptors(0)
    counts = server.end()
    assert counts == {"served": 1, "broken": 0, "in": len(TEXT), "out": len(TEXT)}, counts


def test_socat_gets_an_answer_to_each_line():
    need("socat")
    server = Server(LINES)
    lines = [b"x" * (i * 37 % 5000) for i in range(500)]
    out = run_client(["socat", "-t", str(LIMIT), "-", f"TCP:127.0.0.1:{server.port}"], b"".join(line + b"\n" for line in lines))
    assert [int(n) for n in out.split()] == [len(line) for line in lines]
    server.expect_descriptors(0)
    assert server.end()["served"] == 1


def test_many_curls_get_a_file():
    need("curl")
    if not HTTP:
        raise tap.Skip("the HTTP server is not built")
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "page.bin").write_bytes(TEXT)
        server = Server(HTTP, folder)
        url = f"http://127.0.0.1:{server.port}"
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--http1.0", "--max-time", str(LIMIT)]
        many = [subprocess.Popen([*command, "--fail", f"{url}/page.bin"], stdout=subprocess.PIPE) for _ in range(20)]
        for client in many:
            assert client.communicate()[0] == TEXT
            assert client.returncode == 0
        assert run_client([*command, "--output", "/dev/null", "--write-out", "%{http_code}", f"{url}/no-such-page"], b"") == b"404"
        server.expect_descriptors(0)
        server.settle()
        server.end()


class Files:
    """The HTTP server, and what it serves: /large."""

    def __init__(self, **options):
        if not HTTP:
            raise tap.Skip("the HTTP server is not built")
        self.folder = tempfile.TemporaryDirectory()
        (pathlib.Path(self.folder.name) / "large").write_bytes(LARGE)
        self.server = Server(HTTP, "--patience", "600000", "--grace", "600000", self.folder.name, **options)

    def __enter__(self):
        return self.server

    def __exit__(self, *_):
        self.server.process.kill()
        self.server.process.communicate()
        self.folder.cleanup()


def ask_for_large(server):
    client = server.connect()
    client.sendall(b"GET /large HTTP/1.0\r\n\r\n")
    return client


def expect_large(client):
    head, _, body = client.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 "), head
    assert body == LARGE, f"{len(body)} of {len(LARGE)} bytes came, or others"
    client.close()


def count_idle(wanted):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 1200
    if most < wanted:
        print(f"# {most} idle connections instead of {wanted}: RLIMIT_NOFILE allows no more")
    assert most > 0
    return min(wanted, most)


def expect_no_work(server):
    server.settle()
    before = server.get_waits()
    server.settle()
    assert server.get_waits() == before, "it works although nobody wants anything"


def test_thousands_are_idle_and_a_thousand_busy():
    n_idle, n_busy, size = count_idle(5000), count_idle(1000), 4000
    server = Server(ECHO)
    idle = Idle(server, n_idle)
    server.expect_descriptors(n_idle)
    expect_no_work(server)

    assert load(server, "busy", n_busy, size) == [n_busy * size] * 2
    server.expect_descriptors(n_idle)
    server.settle()
    idle.let_go()
    server.expect_descriptors(0)
    server.settle()
    counts = server.end()
    assert counts == {"served": n_idle + n_busy, "broken": 0, "in": n_busy * size, "out": n_busy * size}, counts


def check_idle(server, n):
    idle = Idle(server, n)
    server.expect_descriptors(n)
    expect_no_work(server)
    idle.let_go()
    server.expect_descriptors(0)


def test_thousands_are_idle_at_every_server():
    n = count_idle(5000)
    lines = Server(LINES)
    check_idle(lines, n)
    assert lines.end()["served"] == n
    with Files() as server:
        check_idle(server, n)
        expect_large(ask_for_large(server))
        server.end()


def test_who_reads_a_file_slowly_gets_all_of_it_and_delays_nobody():
    with Files() as server:
        slow = [ask_for_large(server) for _ in range(5)]
        # A connection and a file each.
        server.expect_descriptors(10)
        expect_no_work(server)
        expect_large(ask_for_large(server))
        for client in slow:
            expect_large(client)
        server.expect_descriptors(0)
        server.end()


def test_who_breaks_off_a_file_leaves_nothing_open():
    with Files() as server:
        for _ in range(50):
            client = ask_for_large(server)
            assert client.recv(1000)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        server.expect_descriptors(0)
        server.settle()
        expect_large(ask_for_large(server))
        server.end()


def test_a_file_that_is_under_way_is_finished_after_sigterm():
    with Files() as server:
        client = ask_for_large(server)
        server.expect_descriptors(2)
        server.settle()
        server.process.send_signal(signal.SIGTERM)
        # Without its listener.
        server.expect_descriptors(1)
        server.settle()
        expect_large(client)
        server.end([])


def test_a_file_server_without_descriptors_waits_and_goes_on():
    with Files(descriptors=60) as server:
        idle = Idle(server, 90 - server.n_idle)
        wait_until("it says so", lambda: "cannot take new connections" in server.get_errors())
        idle.let_go()
        server.expect_descriptors(0)
        expect_large(ask_for_large(server))
        server.end(allowed="cannot take new connections")


def test_slow_readers_get_everything():
    server = Server(ECHO)
    n, size = 20, 6_000_000
    assert load(server, "slow", n, size) == [n * size] * 2
    server.expect_descriptors(0)
    counts = server.end()
    assert counts == {"served": n, "broken": 0, "in": n * size, "out": n * size}, counts


def test_resets_are_the_end_of_nothing_else():
    server = Server(ECHO)
    other = server.connect()
    other.sendall(b"before")
    load(server, "reset", 300)
    server.expect_descriptors(1)
    server.settle()
    other.sendall(b" and after")
    other.shutdown(socket.SHUT_WR)
    assert other.makefile("rb").read() == b"before and after"
    other.close()
    server.expect_descriptors(0)
    counts = server.end()
    assert counts["served"] + counts["broken"] == 301, counts


def test_without_descriptors_a_server_waits_and_goes_on():
    """Statement 173."""
    server = Server(ECHO, descriptors=60)
    room = 60 - server.n_idle
    idle = Idle(server, room + 30)
    wait_until("it says so", lambda: "cannot take new connections" in server.get_errors())
    # It tries again ten times a second, and does nothing in between.
    slept, ticks = server.get_waits()[0], server.get_ticks()
    wait_until("it has tried again", lambda: server.get_waits()[0] >= slept + 4)
    assert server.get_ticks() <= ticks + 5, "it works hard at getting nowhere"
    idle.let_go()
    server.expect_descriptors(0)
    assert load(server, "busy", 20, 100_000) == [2_000_000] * 2
    server.expect_descriptors(0)
    counts = server.end(allowed="cannot take new connections")
    assert counts == {"served": room + 50, "broken": 0, "in": 2_000_000, "out": 2_000_000}, counts


def check_end_with(number):
    server = Server(ECHO)
    idle = Idle(server, 100)
    server.expect_descriptors(100)
    with server.connect() as customer:
        customer.sendall(b"hello")
        assert customer.recv(5, socket.MSG_WAITALL) == b"hello"
        counts = server.end([number])
        assert customer.recv(1) == b""
    idle.let_go()
    assert counts == {"served": 101, "broken": 0, "in": 5, "out": 5}, counts


def test_sigterm_ends_it_in_good_order():
    check_end_with(signal.SIGTERM)


def test_ctrl_c_ends_it_in_good_order():
    check_end_with(signal.SIGINT)


def test_a_second_sigterm_does_not_wait_for_who_never_reads():
    server = Server(ECHO)
    with server.connect() as customer:
        customer.setblocking(False)
        stuck = {"looks": 0}

        def is_stuck():
            try:
                while customer.send(TEXT):
                    stuck["looks"] = 0
            except BlockingIOError:
                stuck["looks"] += 1
            return stuck["looks"] > 200
        wait_until("nobody takes anything more", is_stuck)
        server.settle()
        server.process.send_signal(signal.SIGTERM)
        # Once its listener is closed it has been told, and still waits for its customer.
        server.expect_descriptors(0)
        assert server.process.poll() is None
        server.end()


def test_a_port_that_is_none_is_refused():
    for program, options in ((ECHO, []), (LINES, []), (HTTP, ["--port"])):
        for port in ("x", "70000", "-1"):
            if program is None:
                continue
            done = subprocess.run([program, *options, port], capture_output=True, text=True, timeout=LIMIT, check=False)
            if done.returncode != 2 or done.stdout or "port" not in done.stderr.lower():
                yield f"{program} {port}: exit {done.returncode}, {done.stdout!r}, {done.stderr!r}"


sys.exit(tap.run(*(function for name, function in list(globals().items()) if name.startswith("test_"))))
